"""Real, labelled model answers taken through the whole pipeline, from the file to the verdicts.

Language stands in for region: English answers are loaded as the US region's, Chinese ones as
ASIA's. What is measured is therefore a difference between languages.
"""

from collections.abc import Iterator

import polars as pl
import psycopg
import pytest
from psycopg.rows import TupleRow

from dagster_project.embedded_postgres.server import EmbeddedServer, create_database
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


def test_the_gap_between_the_languages_is_the_one_that_the_labels_show(
    labelled: pl.DataFrame, warehouse: psycopg.Connection[TupleRow]
) -> None:
    political = labelled.filter(pl.col("job") == POLITICAL)
    rates = dict(political.group_by("region").agg(pl.col("is_refusal").mean()).iter_rows())
    (verdict,) = warehouse.execute(
        "select highest_region, lowest_region, refusal_gap, refusal_gap_ci_low, refusal_gap_ci_high"
        " from analytics.job_verdicts where job_id = %s",
        (POLITICAL,),
    ).fetchall()
    highest, lowest, gap, low, high = verdict
    assert (highest, lowest) == ("ASIA", "US")
    assert gap == pytest.approx(rates["ASIA"] - rates["US"], abs=0.02)
    assert 0 < low < rates["ASIA"] - rates["US"] < high


def test_the_difference_of_each_model_is_near_the_one_that_its_labels_show(
    labelled: pl.DataFrame, warehouse: psycopg.Connection[TupleRow]
) -> None:
    political = labelled.filter(pl.col("job") == POLITICAL)
    shown = political.group_by("model").agg(
        shown=pl.col("is_refusal").filter(pl.col("region") == "ASIA").mean()
        - pl.col("is_refusal").filter(pl.col("region") == "US").mean()
    )
    rows = warehouse.execute(
        "select model_id, design, risk_difference, ci_low, ci_high"
        " from analytics.region_pair_effects"
        " where period_kind = 'all' and region_a = 'ASIA' and region_b = 'US' and status = 'ok'"
    ).fetchall()
    columns = ["model", "design", "measured", "low", "high"]
    found = pl.DataFrame(rows, schema=columns, orient="row").join(shown, on="model")
    assert len(found) > 20
    assert set(found["design"]) == {"unpaired"}
    error = found.select((pl.col("measured") - pl.col("shown")).abs().mean()).item()
    covered = found.select(pl.col("shown").is_between("low", "high").mean()).item()
    assert error < 0.02
    assert covered > 0.95
