"""The report and its command on the finished pipeline."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from dagster_project.analyse.periods import END_OF_TIME
from dagster_project.cli.app import app
from dagster_project.cli.shared import FAILED, USAGE
from dagster_project.definitions import definitions
from dagster_project.deliver.one_job import snapshot
from dagster_project.deliver.report.make import default_path
from dagster_project.deliver.report.read import (
    EVERYTHING,
    period_of,
    read_overview,
    read_rates,
    read_variants,
)
from dagster_project.deliver.report.wording import EXCLUSIONS
from dagster_project.orchestrate.instance import run_in_process
from dagster_project.orchestrate.specs import REPORT
from dagster_project.partitions import START_DATE, Window
from dagster_project.score.our_jobs import MIN_ANSWERS
from dagster_project.settings import Settings
from tests.pipeline import Pipeline

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def _days_with_jobs(pipeline: Pipeline) -> Window:
    statement = "select min(job_day), max(job_day) from analytics.job_status"
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        found = connection.execute(statement).fetchone()
    assert found is not None
    return Window(found[0], found[1] + timedelta(days=1))


def test_days_that_are_no_period_get_the_rates_that_a_period_of_them_has(
    pipeline: Pipeline,
) -> None:
    days = _days_with_jobs(pipeline)
    assert period_of(days) is None
    with snapshot(pipeline.databases.warehouse, "test") as connection:
        made, stored = (read_rates(connection, each) for each in (days, EVERYTHING))
    shared = stored[0].keys() & made[0].keys() - {"period_kind", "period_start"}
    assert {"k", "n", "estimate", "ci_low", "ci_high", "reason"} <= shared
    assert [{key: row[key] for key in shared} for row in made] == [
        {key: row[key] for key in shared} for row in stored
    ]


def test_a_verdict_comes_with_a_refusal_and_an_answer_of_one_job(pipeline: Pipeline) -> None:
    with snapshot(pipeline.databases.warehouse, "test") as connection:
        found = read_overview(connection, None)
        assert found.has_verdicts
        assert found.telling
        for one in found.telling:
            outcomes = connection.execute(
                "select region, first_state from analytics.answer_outcomes"
                " where (job_id, model_id, question_id) = (%s, %s, %s)",
                (one["job_id"], one["model_id"], one["question_id"]),
            ).fetchall()
            assert {(one["more"], "refusal"), (one["less"], "substantive")} <= set(outcomes)


def test_the_rates_and_the_answers_in_none_of_them_add_up_to_all_answers(
    pipeline: Pipeline,
) -> None:
    with snapshot(pipeline.databases.warehouse, "test") as connection:
        found = read_overview(connection, None)
        stored = connection.execute(
            "select count(*) from analytics.executions_unified where has_answer"
        ).fetchone()
    in_rates = sum(one["n"] for one in found.rates)
    others = sum(one["answers"] for one in found.others)
    assert (in_rates + others,) == stored
    assert others > 0


def test_the_weeks_of_the_report_are_those_of_the_portal(pipeline: Pipeline) -> None:
    names = ("jobs", "analysed", "lost", "expected", "answered")
    with snapshot(pipeline.databases.warehouse, "test") as connection:
        found = read_overview(connection, None)
        payloads = connection.execute(
            "select payload from portal.job_trends where period_kind = 'iso_week'"
            " order by period_start"
        ).fetchall()
    assert [[one["week"].isoformat(), *map(one.get, names)] for one in found.weeks] == [
        [payload["period_start"], *map(payload.get, names)] for (payload,) in payloads
    ]


def test_every_reason_for_which_answers_do_not_count_has_words(pipeline: Pipeline) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        found = connection.execute(
            "select distinct exclusion_reason from analytics.execution_attempts"
            " where exclusion_reason is not null"
        ).fetchall()
    assert {reason for (reason,) in found} <= set(EXCLUSIONS)
    assert len(found) > 5


def test_variants_are_shown_of_the_same_question_to_the_same_model_in_the_same_region(
    pipeline: Pipeline,
) -> None:
    with snapshot(pipeline.databases.warehouse, "test") as connection:
        found = read_variants(connection, EVERYTHING)
    slots = Counter((one["question_id"], one["model_id"], one["region"]) for one in found)
    assert slots
    assert min(slots.values()) > 1
    assert all((one["estimate"] is None) == (one["n"] < MIN_ANSWERS) for one in found)


@pytest.mark.parametrize(
    ("first", "end", "kind"),
    [
        (date(2025, 10, 6), date(2025, 10, 7), "day"),
        (date(2025, 10, 6), date(2025, 10, 13), "iso_week"),
        (date(2025, 10, 7), date(2025, 10, 14), None),
        (date(2025, 10, 1), date(2025, 11, 1), "month"),
        (START_DATE, END_OF_TIME, "all"),
    ],
)
def test_days_are_a_period_when_they_are_exactly_one(
    first: date, end: date, kind: str | None
) -> None:
    period = period_of(Window(first, end))
    assert (period and period.kind) == kind


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEACON_HOME", str(tmp_path))
    return tmp_path


def test_the_command_without_options_prints_the_path_of_a_report(
    pipeline: Pipeline, home: Path
) -> None:
    result = CliRunner().invoke(app, ["report"])
    assert result.exit_code == 0
    assert str(default_path(home)) in result.output.replace("\n", "")
    assert default_path(home).read_bytes().startswith(b"<!doctype html>")


def test_an_unknown_job_is_refused_with_a_name_that_may_be_meant(
    pipeline: Pipeline, home: Path
) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        found = connection.execute("select job_id from analytics.job_status limit 1").fetchone()
    assert found is not None
    result = CliRunner().invoke(app, ["report", "--job", f"{found[0]}0"])
    assert result.exit_code == FAILED
    assert found[0] in result.output
    assert not (home / "reports").exists()


def test_a_job_and_days_at_once_are_wrong_usage(home: Path) -> None:
    result = CliRunner().invoke(app, ["report", "--job", "x", "--from", "2025-10-01"])
    assert result.exit_code == USAGE


def test_the_asset_writes_a_report_per_job_day_and_links_it(pipeline: Pipeline, home: Path) -> None:
    first = _days_with_jobs(pipeline).start
    last = first + timedelta(days=1)
    settings = Settings(warehouse_url=SecretStr(pipeline.databases.warehouse))
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_in_process(
            definitions(settings).resolve_job_def("deliver"),
            instance,
            selection=[REPORT],
            tags={RANGE_START: first.isoformat(), RANGE_END: last.isoformat()},
        )
    made = {
        one.partition: one.metadata for one in result.asset_materializations_for_node("pipeline")
    }
    assert set(made) == {first.isoformat(), last.isoformat()}
    for day in (first, last):
        path = default_path(home, Window.of_day(day))
        assert path.exists()
        assert made[day.isoformat()]["report"].value == str(path)
