"""What each day's materialization tells in Dagster's UI besides that it was made."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import psycopg
import pytest

from dagster_project.orchestrate.checks import ROWS_OF_RUN
from dagster_project.orchestrate.dbt_assets import asset_key
from dagster_project.orchestrate.instance import dagster_instance
from dagster_project.orchestrate.pipeline import pipeline as pipeline_op
from dagster_project.settings import Settings
from tests.pipeline import Pipeline

Metadata = Mapping[str, Any]


@pytest.fixture(scope="module")
def instance(pipeline: Pipeline) -> Iterator[dg.DagsterInstance]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DAGSTER_HOME", raising=False)
        with dagster_instance(Settings(home=pipeline.home)) as opened:
            yield opened


def shown(instance: dg.DagsterInstance, relation: str) -> dict[str, Metadata]:
    """Metadata of the latest materialization of each day."""
    records = instance.fetch_materializations(asset_key(relation), limit=1000).records
    return {
        str(record.partition_key): {
            name: value.value for name, value in materialization.metadata.items()
        }
        for record in reversed(records)
        if (materialization := record.asset_materialization) is not None
    }


def rows(pipeline: Pipeline, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        return connection.execute(query).fetchall()


def test_a_day_shows_its_rows_and_its_refusal_rate_once_it_has_five_answers(
    pipeline: Pipeline, instance: dg.DagsterInstance
) -> None:
    metadata = shown(instance, "analytics.fct_job_bias_metrics")
    per_day = rows(
        pipeline,
        """
        select job_day::text, count(*), sum(refusals)::float8, sum(scored_answers)
        from analytics.fct_job_bias_metrics group by job_day
        """,
    )
    for day, jobs, refusals, answers in per_day:
        assert metadata[day]["dagster/partition_row_count"] == jobs
        rate = refusals / float(answers) if answers >= 5 else None
        assert metadata[day].get("refusal_rate") == pytest.approx(rate)
    assert {answers >= 5 for *_, answers in per_day} == {True, False}


def test_a_day_shows_why_source_rows_were_quarantined(
    pipeline: Pipeline, instance: dg.DagsterInstance
) -> None:
    metadata = shown(instance, "ops.quarantine")
    quarantined = rows(pipeline, "select job_day::text, source_table, reason from ops.quarantine")
    assert quarantined
    for day, table, reason in quarantined:
        assert f"{table}: {reason}" in metadata[day]["reasons"]
    clean = set(metadata) - {day for day, *_ in quarantined}
    assert all("reasons" not in metadata[day] for day in clean)


def test_a_data_test_says_in_a_sentence_how_it_ended(
    pipeline: Pipeline, instance: dg.DagsterInstance
) -> None:
    events = [
        entry.dagster_event
        for run_id in pipeline.run_ids
        for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    ]
    evaluated = [event.asset_check_evaluation_data for event in events if event is not None]
    evaluations = [one for one in evaluated if one.check_name != ROWS_OF_RUN.name]
    assert {one.passed for one in evaluations} == {True, False}
    for one in evaluations:
        failing = one.metadata["failing rows"].value
        assert one.description is not None
        assert one.description.startswith("No row" if one.passed else f"{failing:,} row")


def test_every_check_is_described() -> None:
    assert all(spec.description for spec in pipeline_op.check_specs)
