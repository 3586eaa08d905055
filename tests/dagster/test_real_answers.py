"""Real, labelled model answers taken through the whole pipeline, from the file to the job facts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import psycopg
import pytest
from psycopg.rows import TupleRow

from dagster_project.backfill.stages import Databases
from dagster_project.instance import dagster_instance
from dagster_project.runner_db.load_answers import load_answers
from tests.pipeline import process_everything
from tests.shared import shared_path

NOTE = "source stands in for job, language for region"
REGION_OF_LANGUAGE = {"en": "US", "zh": "ASIA"}


@pytest.fixture(scope="module")
def answers() -> pl.DataFrame:
    labelled = pl.read_parquet(shared_path("data/labelled_answers_dev.parquet"))
    return labelled.select(
        job="real-" + pl.col("source"),
        region=pl.col("lang").replace_strict(REGION_OF_LANGUAGE),
        model="model",
        question="question_id",
        text="response",
        created_at=pl.lit("2025-10-01T12:00:00"),
    )


@pytest.fixture
def warehouse(
    answers: pl.DataFrame,
    new_database: Callable[[], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[psycopg.Connection[TupleRow]]:
    file = tmp_path / "answers.parquet"
    answers.write_parquet(file)
    databases = Databases(new_database(), new_database())
    load_answers(databases.runner, file, note=NOTE)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("BEACON_RUNNER_URL", databases.runner)
    monkeypatch.setenv("BEACON_WAREHOUSE_URL", databases.warehouse)
    with dagster_instance(tmp_path) as instance:
        process_everything(databases, instance)
    with psycopg.connect(databases.warehouse) as connection:
        yield connection


def test_every_real_answer_is_unified_unchanged_scored_and_in_a_job_fact(
    answers: pl.DataFrame, warehouse: psycopg.Connection[TupleRow]
) -> None:
    unified = warehouse.execute(
        "select job_id, region, stored_model_id, output_data ->> 'response', answer_text"
        " from analytics.executions_unified"
    ).fetchall()
    given = sorted(answers.select("job", "region", "model", "text").iter_rows())
    assert sorted(row[:4] for row in unified) == given
    assert all(text == answer for *_, text, answer in unified if text.strip())
    (scored,) = warehouse.execute("select count(*) from scores.answers").fetchall()
    assert scored == (sum(bool(text.strip()) for *_, text in given),)
    facts = warehouse.execute(
        "select job_id, workflow, answers from analytics.fct_job_bias_metrics"
    ).fetchall()
    per_job = answers.filter(pl.col("text").str.strip_chars() != "").group_by("job").len()
    assert sorted(facts) == sorted((job, "standard", n) for job, n in per_job.iter_rows())
    names = warehouse.execute(
        "select jobspec_data -> 'benchmark' ->> 'name' from raw.jobs"
    ).fetchall()
    assert all(NOTE in name for (name,) in names)
