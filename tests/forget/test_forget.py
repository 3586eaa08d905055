"""``beacon forget`` on a finished pipeline: a published job leaves no trace and stays away."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from typer.testing import CliRunner, Result

from dagster_project.backfill.plan import State, current_plan
from dagster_project.cli.app import app
from dagster_project.deliver.report.make import covers, default_path
from dagster_project.embedded_postgres.programs import find_bindir, installed_bindirs
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.extract.window import extract_window
from dagster_project.forget.warehouse import Keys, redacted, search
from dagster_project.orchestrate.checks import standing_results, whole_tables_result
from dagster_project.orchestrate.instance import dagster_instance
from dagster_project.partitions import Window
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from tests.faults.content import Content, content_of
from tests.orchestrate.copies import copied_pipeline
from tests.pipeline import Pipeline

JOB_TABLES = ("executions", "diffs")


@dataclass(frozen=True)
class Site:
    """A finished pipeline that the test may change, and one job of it that has an analysis."""

    databases: Databases
    home: Path
    job: str
    day: date

    def beacon(self, *arguments: str, publish: bool = True) -> Result:
        """Run a command in this process."""
        url = self.databases.runner if publish else None
        return CliRunner().invoke(app, arguments, env={"BEACON_PUBLISH_URL": url})

    def done(self, *arguments: str) -> str:
        """Run a command that must succeed; return what it printed."""
        result = self.beacon(*arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    def dump(self) -> str:
        """Return everything that the warehouse holds, as pg_dump writes it."""
        bindirs = [find_bindir(Settings().pg_bindir), *installed_bindirs()]
        program = next(path / "pg_dump" for path in bindirs if (path / "pg_dump").exists())
        command = [str(program), self.databases.warehouse]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def files_with(self, text: str) -> list[Path]:
        """Return the files of local state that hold a text."""
        files = [Path(folder, name) for folder, _, names in os.walk(self.home) for name in names]
        return [path for path in files if text.encode() in path.read_bytes()]


@pytest.fixture(scope="module")
def site(
    pipeline: Pipeline, postgres_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    assert pipeline.run_ids
    home = tmp_path_factory.mktemp("forget")
    with copied_pipeline(postgres_server) as databases, pytest.MonkeyPatch.context() as patch:
        patch.delenv("DAGSTER_HOME", raising=False)
        patch.setenv("BEACON_RUNNER_URL", databases.runner)
        patch.setenv("BEACON_WAREHOUSE_URL", databases.warehouse)
        patch.setenv("BEACON_HOME", str(home))
        with psycopg.connect(databases.warehouse) as connection:
            found = connection.execute(
                "select job_id, job_day from analytics.job_status"
                " where workflow = 'standard' and analysis_state = 'analysed' and job_day in"
                " (select job_day from analytics.job_status group by 1 having count(*) > 1)"
                " order by attempts desc, job_id limit 1"
            ).fetchone()
            assert found is not None
        yield Site(databases, home, *found)


def test_what_cannot_be_forgotten_or_is_not_confirmed_is_refused_and_changes_nothing(
    site: Site,
) -> None:
    asked = ("forget", "--reason", "a letter", "--job")
    before = content(site)
    assert site.beacon(*asked, "TYPO", "--yes").exit_code == 1
    assert site.beacon(*asked, site.job).exit_code == 2
    assert "raw.jobs" in site.done(*asked, site.job, "--dry-run")
    site.done("publish", "--job", site.job)
    refused = site.beacon(*asked, site.job, "--yes", publish=False)
    assert refused.exit_code == 1
    assert "BEACON_PUBLISH_URL" in refused.output
    assert content(site) == before


def content(site: Site) -> Content:
    """Hash what the warehouse holds, but for counts of the last extract, which knew the job."""
    found = content_of(site.databases.warehouse)
    return {name: hashed for name, hashed in found.items() if name != "ops.removed_values"}


def test_a_forgotten_job_leaves_no_trace_and_no_later_extract_brings_it_back(site: Site) -> None:
    job, day = site.job, site.day.isoformat()
    with psycopg.connect(site.databases.warehouse) as warehouse:
        rows = warehouse.execute(
            "select execution_key, answer_text from analytics.executions_unified"
            " where job_id = %s and answer_text is not null",
            (job,),
        ).fetchall()
        warehouse.execute(
            "insert into ops.answer_labels (execution_key, labeller, label, text_md5)"
            " values (%s, 'ada', 'refusal', md5(%s))",
            rows[0],
        )
        warehouse.execute(
            "update ops.partition_ledger set error = 'near ' || %s where job_day <> %s", (job, day)
        )
    key = rows[0][0]
    site.done("publish", "--job", job)
    site.done("report", "--job", job)
    site.done("report", "--from", day, "--to", day)
    site.done("browse")
    site.done("snapshot")
    with dagster_instance(Settings(home=site.home)) as instance:
        note_in_history(instance, job)
    assert job in site.dump()
    assert site.files_with(job)

    removed = ("forget", "--job", job, "--reason", f"a letter about {job}", "--yes", "--json")
    proof = json.loads(site.done(*removed))
    assert proof["rows_removed"]["raw.executions"] > 0
    assert proof["rows_removed"]["ops.answer_labels"] == 1
    assert proof["publications_withdrawn"] == 1
    assert {*proof["rows_left"].values()} == {0}
    assert job not in site.dump()
    assert f"{key}\t" not in site.dump()
    assert site.files_with(job) == []
    assert [*(site.home / "reports").rglob("*.html")] == []
    assert not (site.home / "snapshot").exists()
    with psycopg.connect(site.databases.runner) as runner:
        published = "select from cross_region_executions where jobspec_id = %s"
        assert runner.execute(published, (job,)).fetchall() == []
    assert all(one.state is State.CURRENT for one in current_plan(site.databases))
    forgotten = content(site)
    # The same again finds nothing and is no error.
    assert json.loads(site.done(*removed))["rows_removed"] == {}

    extract_window(site.databases.runner, site.databases.warehouse, Window.of_day(site.day), 1_000)
    assert content(site) == forgotten
    assert [one for one in standing_results(site.databases) if not one.passed] == []
    assert whole_tables_result(site.databases.warehouse).passed

    # What the source without the job is made into, is what was there all the time.
    with psycopg.connect(site.databases.runner) as runner:
        for table in JOB_TABLES:
            statement = f"delete from {table} using jobs where job_id = jobs.id and jobspec_id = %s"
            runner.execute(statement.encode(), (job,))
        runner.execute("delete from jobs where jobspec_id = %s", (job,))
    site.done("backfill")
    assert content(site) == forgotten
    site.done("browse")
    assert site.files_with(job) == []


def note_in_history(instance: dg.DagsterInstance, job: str) -> None:
    """Let Dagster's history name the job: in a run's tags, in an event and in a step's log."""

    @dg.op
    def mention(context: dg.OpExecutionContext) -> None:
        context.log.info("looked at %s", job)
        print(job)  # noqa: T201  Dagster keeps it

    @dg.job
    def mentions() -> None:
        mention()

    assert mentions.execute_in_process(instance=instance, tags={"about": job}).success


def test_rows_that_name_a_job_in_any_table_are_found_but_not_those_of_a_longer_id(
    site: Site,
) -> None:
    keys = Keys("bias-detection-17", numbers=[], runs=[], answers=[], days=[])
    assert {*search(site.databases.warehouse, keys).values()} == {0}
    with psycopg.connect(site.databases.warehouse) as warehouse:
        warehouse.execute(
            "insert into ops.setup (part, version) values ('x', 'of bias-detection-17, too')"
        )
    found = search(site.databases.warehouse, keys)
    assert {name for name, rows in found.items() if rows} == {"ops.setup"}


def test_the_id_is_taken_out_of_a_text_but_not_out_of_a_longer_id() -> None:
    text = "bias-detection-17, bias-detection-170, my-bias-detection-17"
    assert redacted(text, "bias-detection-17") == text.replace("bias-detection-17,", "[forgotten],")


@pytest.mark.parametrize(
    ("window", "is_about"),
    [
        (None, True),
        (Window(date(2025, 10, 1), date.max), True),
        (Window(date(2025, 11, 1), date.max), False),
        (Window(date(2025, 10, 1), date(2025, 11, 1)), True),
        (Window(date(2025, 10, 31), date(2025, 11, 1)), True),
        (Window(date(2025, 10, 1), date(2025, 10, 31)), False),
    ],
)
def test_which_reports_are_about_a_day_is_told_by_their_names(
    window: Window | None, *, is_about: bool
) -> None:
    assert covers(default_path(Path(), window), date(2025, 10, 31)) is is_about
