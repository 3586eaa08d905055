"""Ctrl-C and SIGTERM before anything is in work: no traceback, nothing begun, exit code 130."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dagster_project.cli import STOPPED
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.stage import Databases
from dagster_project.unify.dbt_run import start_worker
from tests.faults.faults import barred, until
from tests.orchestrate.copies import copied_pipeline
from tests.pipeline import Pipeline

# The tests themselves may run in the background, where signals are ignored.
DEFAULT_SIGNALS = ("env", "--default-signal")
BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@pytest.fixture(scope="module")
def waiting(pipeline: Pipeline, postgres_server: EmbeddedServer) -> Iterator[Databases]:
    """A pipeline of which every day waits for a backfill."""
    assert pipeline.run_ids
    with copied_pipeline(postgres_server) as databases:
        with psycopg.connect(databases.warehouse) as warehouse:
            warehouse.execute(
                "update ops.partition_ledger set build_id = gen_random_uuid()"
                " where stage = 'extract'"
            )
        yield databases


def backfill(databases: Databases, home: Path) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    urls = {"BEACON_RUNNER_URL": databases.runner, "BEACON_WAREHOUSE_URL": databases.warehouse}
    beacon = str(Path(sys.executable).with_name("beacon"))
    return subprocess.Popen(
        [*DEFAULT_SIGNALS, beacon, "backfill"],
        env={**inherited, **urls, "BEACON_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def begun(databases: Databases) -> object:
    with psycopg.connect(databases.warehouse) as warehouse:
        return warehouse.execute("select max(started_at) from ops.partition_ledger").fetchone()


@BOTH
def test_a_signal_while_the_plan_is_read_ends_the_command_at_once(
    number: signal.Signals, waiting: Databases, tmp_path: Path
) -> None:
    with barred(waiting.warehouse, "ops.partition_ledger") as barrier:
        command = backfill(waiting, tmp_path)
        barrier.reached()
        os.killpg(command.pid, number)
        printed, _ = command.communicate()
    assert command.returncode == STOPPED, printed
    assert "Stopped" in printed
    assert "Traceback" not in printed


def test_a_signal_while_dagster_is_loaded_begins_no_stage(
    waiting: Databases, pipeline: Pipeline
) -> None:
    before = begun(waiting)
    # Where dbt's project is compiled already.
    lock = os.open(pipeline.home / "dagster", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    command = backfill(waiting, pipeline.home)
    # The kernel lists who waits for a lock.
    until(lambda: "->" in waits_of(command.pid))
    os.killpg(command.pid, signal.SIGTERM)
    os.close(lock)
    printed, _ = command.communicate()
    assert command.returncode == STOPPED, printed
    assert "to resume: beacon backfill" in printed
    assert "Traceback" not in printed
    assert begun(waiting) == before


def waits_of(pid: int) -> str:
    locks = Path("/proc/locks").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in locks if f" {pid} " in line)


def test_a_signal_to_all_processes_does_not_end_dbts_while_it_loads() -> None:
    worker = start_worker()
    program = Path(f"/proc/{worker.pid}/exe")
    until(lambda: "python" in program.resolve().name)
    for number in (signal.SIGINT, signal.SIGTERM):
        worker.send_signal(number)
    # The end of the input ends it, once it is loaded and reads.
    _, errors = worker.communicate()
    assert worker.returncode == 0, errors
