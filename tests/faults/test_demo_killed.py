"""``beacon demo`` killed with SIGKILL at any moment ends, when run again, in the same state."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from dagster_project.cli.holdings import read_content_hashes
from dagster_project.embedded_postgres.server import (
    RUNNER,
    create_database,
    embedded_server,
    has_server,
    stop_server,
)
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.spec import MIN_JOBS, RunnerSpec
from dagster_project.settings import Settings
from tests.faults.conftest import sampled
from tests.pipeline import Pipeline

POLL_S = 0.1

Warehouse = psycopg.Connection[TupleRow]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose runner lies on the days of `pipeline`; a demo keeps the days that it finds."""
    with embedded_server(tmp_path, Settings().pg_bindir, keep_running=True) as server:
        create_database(server, RUNNER)
        generate(server.url(RUNNER), RunnerSpec(jobs=MIN_JOBS))
    yield tmp_path
    stop_server(tmp_path, Settings().pg_bindir)


def start_demo(home: Path) -> subprocess.Popen[bytes]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DAGSTER_HOME", "BEACON_RUNNER_URL", "BEACON_WAREHOUSE_URL")
    }
    with (home / "demo.log").open("ab") as log:
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("beacon")), "demo", "--jobs", str(MIN_JOBS)],
            env={**environment, "BEACON_HOME": str(home)},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def kill_when(home: Path, reached: Callable[[Warehouse], bool]) -> None:
    """Start a demo, kill it and all its children when the warehouse has reached a state."""
    process = start_demo(home)
    while process.poll() is None:
        if has_server(home) and asks(home, reached):
            os.killpg(process.pid, signal.SIGKILL)
        try:
            process.wait(timeout=POLL_S)
        except subprocess.TimeoutExpired:
            continue
    assert process.returncode == -signal.SIGKILL, (home / "demo.log").read_text()


def asks(home: Path, reached: Callable[[Warehouse], bool]) -> bool:
    try:
        with (
            embedded_server(home, Settings().pg_bindir, keep_running=True) as server,
            psycopg.connect(server.url("warehouse")) as connection,
        ):
            return reached(connection)
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return False


def structure_is_half_built(connection: Warehouse) -> bool:
    found = connection.execute(
        "select to_regclass('raw.jobs'), to_regclass('portal.bias_analysis')"
    )
    return [part is None for part in found.fetchall()[0]] == [False, True]


def stage_runs(stage: str) -> Callable[[Warehouse], bool]:
    def reached(connection: Warehouse) -> bool:
        found = connection.execute(
            "select from ops.partition_ledger where stage = %s and status = 'running' limit 1",
            (stage,),
        )
        return found.fetchone() is not None

    return reached


def test_a_demo_killed_again_and_again_ends_in_the_state_of_one_that_was_not(
    home: Path, pipeline: Pipeline
) -> None:
    moments = (structure_is_half_built, stage_runs("unify"), stage_runs("facts"))
    for moment in sampled(moments, 2):
        kill_when(home, moment)
    assert start_demo(home).wait() == 0, (home / "demo.log").read_text()
    with embedded_server(home, Settings().pg_bindir, keep_running=True) as server:
        hashes = read_content_hashes(server.url("warehouse"))
    assert hashes == read_content_hashes(pipeline.databases.warehouse)
