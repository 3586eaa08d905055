"""Real, labelled model answers taken through the whole pipeline, from the file to the verdicts.

Language stands in for region: English answers are loaded as the US region's, Chinese ones as
ASIA's. What is measured is therefore a difference between languages.
"""

from collections import Counter
from collections.abc import Iterator

import polars as pl
import psycopg
import pytest
from psycopg.rows import TupleRow

from dagster_project.embedded_postgres.server import EmbeddedServer, create_database
from dagster_project.extract.secrets import redact
from dagster_project.orchestrate.instance import dagster_instance
from dagster_project.runner_db.load_answers import load_answers
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from tests.pipeline import process_everything
from tests.shared import shared_path

NOTE = "source stands in for job, language for region"
REGION_OF_LANGUAGE = {"en": "US", "zh": "ASIA"}
LABELS = ("full_refusal", "partial_refusal", "compliance")
POLITICAL = "real-political"


@pytest.fixture(scope="module")
def labelled() -> pl.DataFrame:
    """Answers with a usable label; the two political sources are one job of two regions."""
    read = pl.read_parquet(shared_path("data/labelled_answers_dev.parquet"))
    is_political = pl.col("source").str.starts_with("speechmap")
    return read.filter(pl.col("label").is_in(LABELS)).select(
        job=pl.when(is_political).then(pl.lit(POLITICAL)).otherwise(pl.lit("real-safety")),
        region=pl.col("lang").replace_strict(REGION_OF_LANGUAGE),
        model="model",
        question="question_id",
        text="response",
        created_at=pl.lit("2025-10-01T12:00:00"),
        is_refusal=pl.col("label") == "full_refusal",
    )


@pytest.fixture(scope="module")
def answers(labelled: pl.DataFrame) -> pl.DataFrame:
    return labelled.drop("is_refusal")


@pytest.fixture(scope="module")
def warehouse(
    answers: pl.DataFrame,
    postgres_server: EmbeddedServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[psycopg.Connection[TupleRow]]:
    home = tmp_path_factory.mktemp("real_answers")
    file = home / "answers.parquet"
    answers.write_parquet(file)
    for name in ("real_runner", "real_warehouse"):
        create_database(postgres_server, name)
    databases = Databases(postgres_server.url("real_runner"), postgres_server.url("real_warehouse"))
    load_answers(databases.runner, file, note=NOTE)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DAGSTER_HOME", raising=False)
        patch.setenv("BEACON_RUNNER_URL", databases.runner)
        patch.setenv("BEACON_WAREHOUSE_URL", databases.warehouse)
        with dagster_instance(Settings(home=home)) as instance:
            process_everything(databases, instance)
    with psycopg.connect(databases.warehouse) as connection:
        yield connection


def test_every_real_answer_is_unified_without_its_secrets_scored_and_in_a_job_fact(
    answers: pl.DataFrame, warehouse: psycopg.Connection[TupleRow]
) -> None:
    unified = warehouse.execute(
        "select job_id, region, stored_model_id, output_data ->> 'response', answer_text"
        " from analytics.executions_unified"
    ).fetchall()
    given = sorted(
        (*row, redact(text, Counter()))
        for *row, text in answers.select("job", "region", "model", "text").iter_rows()
    )
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


def test_regions_that_were_not_asked_the_same_questions_get_no_verdict(
    warehouse: psycopg.Connection[TupleRow],
) -> None:
    # Language stands in for region, and each language has prompts of its own.
    verdicts = warehouse.execute(
        "select distinct verdict from analytics.job_verdicts where job_id = %s", (POLITICAL,)
    ).fetchall()
    assert verdicts == [("insufficient_data",)]
