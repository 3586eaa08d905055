"""``beacon plan`` and ``beacon backfill`` on a finished pipeline of which single days change."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from typer.testing import CliRunner, Result

from dagster_project.backfill.plan import Chunk, State, current_plan
from dagster_project.backfill.stages import STAGES
from dagster_project.cli import STOPPED
from dagster_project.cli.app import app
from dagster_project.cli.shared import BAD_ROWS, USAGE
from dagster_project.definitions import defs
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.orchestrate.checks import standing_results, whole_tables_result
from dagster_project.orchestrate.instance import dagster_instance, run_in_process
from dagster_project.orchestrate.launch import chunk_config, chunk_selection, chunk_tags
from dagster_project.orchestrate.partitions import RANGE_TAGS
from dagster_project.orchestrate.pipeline import REASON_TAG
from dagster_project.partitions import Window
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from tests.faults.faults import allow_writes, delete_day, refuse_writes
from tests.orchestrate.copies import copied_pipeline
from tests.pipeline import Pipeline

POLL_S = 0.1
LIGHT = """
import sys
from typer.testing import CliRunner
from dagster_project.cli.app import app
from dagster_project.settings import Settings
result = CliRunner().invoke(app, ["backfill"])
loaded = {"dbt", "dagster_project.orchestrate.pipeline"} & set(sys.modules)
sys.exit(f"{result.output} {loaded}" if loaded or "Nothing to do" not in result.output else 0)
"""


@dataclass(frozen=True)
class Site:
    """A finished pipeline that the test may change, and commands on it."""

    databases: Databases
    home: Path

    def beacon(self, *arguments: str) -> Result:
        """Run a command in this process."""
        return CliRunner().invoke(app, arguments)

    def touch(self, *days: date) -> None:
        """Update one execution of each of some job_days in place, as the runner does."""
        with psycopg.connect(self.databases.runner) as source:
            for day in days:
                source.execute(
                    "update executions set retry_count = retry_count where id = ("
                    "select min(e.id) from executions as e inner join jobs as j on e.job_id = j.id"
                    " where j.created_at::date = %s)",
                    (day,),
                )

    def days(self, state: State) -> list[date]:
        """Return the days in a state."""
        return [day.job_day for day in current_plan(self.databases) if day.state is state]

    def ledger(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        """Ask the ledger."""
        with psycopg.connect(self.databases.warehouse) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def execute(self, chunk: Chunk, *, only_needed: bool) -> bool:
        """Launch a chunk as the UI does, with or without config; say whether days were done."""
        config = chunk_config() if only_needed else None
        before = self.ledger("select max(started_at) from ops.partition_ledger")
        with dagster_instance(Settings(home=self.home)) as instance:
            result = run_in_process(
                defs.resolve_job_def("backfill"),
                instance,
                selection=chunk_selection(chunk),
                tags=chunk_tags(chunk, "by hand"),
                run_config=config,
            )
        assert result.success
        return self.ledger("select max(started_at) from ops.partition_ledger") != before


@pytest.fixture(scope="module")
def site(
    pipeline: Pipeline,
    postgres_server: EmbeddedServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    assert pipeline.run_ids
    home = tmp_path_factory.mktemp("site")
    with copied_pipeline(postgres_server) as databases, pytest.MonkeyPatch.context() as patch:
        patch.delenv("DAGSTER_HOME", raising=False)
        patch.setenv("BEACON_RUNNER_URL", databases.runner)
        patch.setenv("BEACON_WAREHOUSE_URL", databases.warehouse)
        patch.setenv("BEACON_HOME", str(home))
        yield Site(databases, home)


@pytest.fixture
def some_days(site: Site) -> list[date]:
    """Three days apart from each other that hold standard jobs."""
    with psycopg.connect(site.databases.runner) as source:
        rows = source.execute(
            "select distinct j.created_at::date from jobs as j"
            " inner join executions as e on e.job_id = j.id"
            " where j.created_at between '2025-08-10' and '2025-11-10' order by 1"
        ).fetchall()
    days = [day for (day,) in rows]
    return [days[0], days[len(days) // 2], days[-1]]


def test_nothing_to_do_is_said_without_loading_a_stage(site: Site) -> None:
    assert site.days(State.CURRENT)
    finished = subprocess.run(
        [sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr


def test_an_execution_that_is_updated_makes_exactly_its_day_stale(
    site: Site, some_days: list[date]
) -> None:
    day = some_days[1]
    site.touch(day)
    document = json.loads(site.beacon("plan", "--json").stdout)
    (run,) = document["runs"]
    waiting = [one["job_day"] for one in document["days"] if one["state"] != "current"]
    assert waiting == [day.isoformat()]
    assert run["source_rows"] > 0
    assert run["estimated_seconds"] > 0
    assert site.beacon("backfill", "--dry-run").exit_code == 0
    assert site.days(State.STALE) == [day]
    done = site.beacon("backfill", "--reason", "row was touched")
    assert done.exit_code == 0, done.output
    assert site.days(State.STALE) == []
    assert site.ledger(
        "select distinct job_day from ops.partition_ledger where reason = %s", "row was touched"
    ) == [(day,)]
    with dagster_instance(Settings(home=site.home)) as instance:
        (record,) = instance.get_runs()
    assert record.tags[REASON_TAG] == "row was touched"


@pytest.mark.parametrize("jobs", ["--jobs=1", "--jobs=2"])
def test_what_was_done_is_one_json_document(site: Site, some_days: list[date], jobs: str) -> None:
    nothing = site.beacon("backfill", "--json")
    assert (nothing.exit_code, json.loads(nothing.stdout)["days"]) == (0, [])
    good, bad = some_days[0], some_days[2]
    site.touch(good, bad)
    delete_day(site.databases.warehouse, "scores.answers", bad)
    refuse_writes(site.databases.warehouse, "scores.answers", bad, "raise exception 'no';")
    done = site.beacon("backfill", "--json", jobs)
    allow_writes(site.databases.warehouse, "scores.answers")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["exit_code"]) == (BAD_ROWS, BAD_ROWS)
    assert "beacon backfill --only failed" in document["remedy"]
    days = {day["job_day"]: day for day in document["days"]}
    assert set(days) == {good.isoformat(), bad.isoformat()}
    assert days[good.isoformat()]["state"] == "current"
    assert days[bad.isoformat()]["state"] == "quarantined"
    assert set(days[good.isoformat()]["rows"]) == {stage.name for stage in STAGES}
    assert all(rows for rows in days[good.isoformat()]["rows"].values())
    seconds = sum(day["seconds"] for day in days.values())
    assert 0 < seconds < document["seconds"]
    assert {run["success"] for run in document["runs"]} == {True, False}
    again = json.loads(site.beacon("backfill", "--json", "--only", "failed").stdout)
    assert [day["state"] for day in again["days"]] == ["current"]


def test_the_remedy_for_rows_that_are_lost_or_changed_helps(
    site: Site, some_days: list[date]
) -> None:
    day = some_days[1].isoformat()
    with psycopg.connect(site.databases.warehouse) as warehouse:
        warehouse.execute(
            "update scores.answers set execution_key = 'lost ' || execution_key where job_day = %s",
            (day,),
        )
        warehouse.execute("delete from raw.executions where job_day = %s", (day,))

    def red() -> dict[str, str]:
        results = [*standing_results(site.databases), whole_tables_result(site.databases.warehouse)]
        return {
            str(one.check_name): str(one.metadata["remedy"].value)
            for one in results
            if not one.passed and one.check_name != "no_day_is_late"
        }

    found = red()
    assert set(found) == {"all_rows_reconcile", "whole_tables_hold"}
    assert all(remedy.startswith("beacon backfill --again") for remedy in found.values())
    assert "Nothing to do" in site.beacon("backfill").output
    done = site.beacon("backfill", "--again", "--from", day, "--to", day)
    assert done.exit_code == 0, done.output
    assert red() == {}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_backfill_that_is_interrupted_leaves_no_half_stage_and_touches_no_other_day(
    site: Site, some_days: list[date], jobs: int
) -> None:
    site.touch(*some_days)
    ((before,),) = site.ledger("select max(started_at) from ops.partition_ledger")
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("beacon")), "backfill", f"--jobs={jobs}"],
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    running = "select from ops.partition_ledger where status = 'running'"
    while process.poll() is None and not site.ledger(running):
        try:
            process.wait(timeout=POLL_S)
        except subprocess.TimeoutExpired:
            continue
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate()
    assert process.returncode == STOPPED, messages
    assert "to resume: beacon backfill" in messages
    assert site.ledger(running) == []
    touched = {
        day
        for (day,) in site.ledger(
            "select distinct job_day from ops.partition_ledger where started_at > %s", before
        )
    }
    assert touched
    # The second process may have begun by then, or not.
    assert touched <= set(some_days[:jobs])
    assert set(some_days[jobs:]) <= set(site.days(State.STALE))
    assert site.beacon("backfill").exit_code == 0
    assert site.days(State.STALE) == []


def test_a_launch_repeats_its_days_unless_it_asks_for_needed_ones_only(
    site: Site, some_days: list[date]
) -> None:
    chunk = Chunk(Window.of_day(some_days[0]), STAGES[-1].name, 0)
    assert not site.execute(chunk, only_needed=True)
    assert site.execute(chunk, only_needed=False)


def test_dagsters_own_command_does_a_day_without_beacon(site: Site, some_days: list[date]) -> None:
    day = some_days[0]
    arguments = ["--select", "raw/jobs", "--partition", day.isoformat()]
    program = str(Path(sys.executable).with_name("dagster"))
    done = subprocess.run(
        [program, "asset", "materialize", "-m", "dagster_project.definitions", *arguments],
        env={**os.environ, "DAGSTER_HOME": str(site.home / "dagster")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # The tables behind it were made of other rows than lie there now.
    assert site.days(State.STALE) == [day]
    assert site.beacon("backfill").exit_code == 0
    assert site.days(State.STALE) == []


@pytest.mark.parametrize("day", ["2024-12-31", "2999-01-01", "20250901", "2025-W10", "yesterday"])
def test_a_key_that_is_no_job_day_is_refused_by_the_command(site: Site, day: str) -> None:
    refused = site.beacon("backfill", "--from", day)
    assert refused.exit_code == USAGE
    assert day in refused.stderr


@pytest.mark.parametrize(
    ("first", "last"), [("2025-9-1", "2025-09-02"), ("2024-12-31", "2025-01-02")]
)
def test_a_launch_over_a_range_that_is_not_partition_keys_is_refused(
    site: Site, first: str, last: str
) -> None:
    before = site.ledger("select max(started_at) from ops.partition_ledger")
    with dagster_instance(Settings(home=site.home)) as instance:
        result = run_in_process(
            defs.resolve_job_def("backfill"),
            instance,
            tags=dict(zip(RANGE_TAGS, (first, last), strict=True)),
        )
        (run,) = instance.get_runs(dg.RunsFilter(run_ids=[result.run_id]))
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert site.ledger("select max(started_at) from ops.partition_ledger") == before
