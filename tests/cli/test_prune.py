"""``beacon prune`` on a finished pipeline a year later: what goes, and what must stay."""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from dagster_project.cli.app import app
from dagster_project.definitions import defs
from dagster_project.orchestrate.checks import STANDING
from dagster_project.orchestrate.instance import dagster_instance, run_in_process
from dagster_project.settings import Settings
from tests.pipeline import Pipeline

LONG_AGO = 1_700_000_000


@pytest.fixture(scope="module")
def home(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Home of that pipeline, with two runs of checks, a report and a snapshot; all of it old."""
    home = tmp_path_factory.mktemp("prune")
    shutil.copytree(pipeline.home / "dagster", home / "dagster")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DAGSTER_HOME", raising=False)
        patch.setenv("BEACON_HOME", str(home))
        patch.setenv("BEACON_RUNNER_URL", pipeline.databases.runner)
        patch.setenv("BEACON_WAREHOUSE_URL", pipeline.databases.warehouse)
        checks = defs.resolve_job_def("checks")
        some = checks.get_subset(asset_check_selection={check.key for check in STANDING})
        with dagster_instance(Settings(home=home)) as instance:
            for _ in range(2):
                assert run_in_process(some, instance).success
        for command in ("report", "snapshot"):
            assert CliRunner().invoke(app, [command]).exit_code == 0
        yield home


def make_old(home: Path) -> None:
    with closing(sqlite3.connect(home / "dagster" / "history" / "runs.db")) as history:
        history.execute("update runs set update_timestamp = '2024-01-01 00:00:00'")
        history.commit()
    for path in (*(home / "reports").rglob("*"), *(home / "snapshot").rglob("*")):
        os.utime(path, (LONG_AGO, LONG_AGO))


def prune(*options: str) -> list[dict[str, str]]:
    done = CliRunner().invoke(app, ["prune", "--json", *options])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["deleted"] is ("--yes" in options)
    return list(document["found"])


def files(home: Path) -> set[Path]:
    return {path for path in home.rglob("*") if path.is_file() and ".db" not in path.name}


def shown(home: Path) -> dict[str, object]:
    """What Dagster's UI shows: made partitions of each table, and the state of each check."""
    with dagster_instance(Settings(home=home)) as instance:
        storage = instance.event_log_storage
        partitions = {
            key.to_user_string(): storage.get_materialized_partitions(key)
            for key in instance.get_asset_keys()
        }
        keys = [check.key for check in STANDING]
        latest = storage.get_latest_asset_check_execution_by_key(keys)
        evaluated = {
            key.name: record.event is not None and instance.get_run_by_id(record.run_id) is not None
            for key, record in latest.items()
        }
    assert any(partitions.values())
    assert all(evaluated.values())
    return {**partitions, **evaluated}


def run_ids(home: Path, job: str | None = None) -> list[str]:
    with dagster_instance(Settings(home=home)) as instance:
        return [run.run_id for run in instance.get_runs(dg.RunsFilter(job_name=job))]


def test_nothing_that_is_young_is_pruned(home: Path) -> None:
    assert prune() == []


def test_only_what_nobody_needs_goes_and_only_when_told(home: Path) -> None:
    make_old(home)
    foreign = [
        home / "reports" / "notes.html",
        home / "reports" / "report_2025-01-01.html",
        home / "snapshot" / "mine.txt",
        home / "elsewhere" / "report.html",
    ]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_text("<p>mine")
        os.utime(path, (LONG_AGO, LONG_AGO))
    before, runs, state = files(home), run_ids(home), shown(home)
    _, superseded = run_ids(home, "checks")
    found = prune()
    assert (files(home), run_ids(home)) == (before, runs)
    assert {one["kind"] for one in found} == {"run", "report", "snapshot"}
    assert [one["name"] for one in found if one["kind"] == "run"] == [f"{superseded} (checks)"]
    assert prune("--yes") == found
    assert run_ids(home) == [run for run in runs if run != superseded]
    assert list(home.rglob(f"{superseded}*")) == []
    assert shown(home) == state
    gone = before - files(home)
    assert gone
    assert {path.parent for path in gone} == {
        home / "reports",
        home / "snapshot",
        home / "snapshot" / "parquet",
    }
    assert not set(foreign) & gone
    assert not (home / "snapshot" / "parquet").exists()
    assert prune() == []
