"""``beacon label``: a blind sample out, labels in, rates without the rules' error."""

import csv
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest

from dagster_project.cli.shared import FAILED, USAGE
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.stage import Databases
from tests.command import beacon
from tests.orchestrate.copies import copied_pipeline
from tests.pipeline import Pipeline

SAMPLE = 200
MISSED, FALSE = 0.35, 0.1
"""Known errors of the rules in the eyes of the script that labels."""


@pytest.fixture(scope="module")
def databases(postgres_server: EmbeddedServer, pipeline: Pipeline) -> Iterator[Databases]:
    assert pipeline.run_ids
    with copied_pipeline(postgres_server) as copies:
        yield copies


@pytest.fixture
def urls(databases: Databases) -> dict[str, str]:
    return {"BEACON_RUNNER_URL": databases.runner, "BEACON_WAREHOUSE_URL": databases.warehouse}


def read(databases: Databases, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(databases.warehouse) as connection:
        return connection.execute(statement.encode()).fetchall()


def is_refusal(key: str, first_state: str) -> bool:
    """Decide what an answer really is: the rules miss some refusals and invent others."""
    point = int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()[-6:], 16) / 16**6
    return point >= FALSE if first_state == "refusal" else point < MISSED


def states(databases: Databases) -> dict[str, str]:
    return dict(
        read(
            databases,
            "select execution_key, first_state from analytics.answer_outcomes"
            " where rules.is_scored(first_state)",
        )
    )


def covered(databases: Databases, low: str, high: str) -> tuple[int, int]:
    """Count the cells whose interval holds the truth, and all cells with one."""
    truth: dict[tuple[str, str], list[bool]] = {}
    rows = read(
        databases,
        "select model_id, region, execution_key, first_state from analytics.answer_outcomes"
        " where rules.is_scored(first_state)",
    )
    for model, region, key, state in rows:
        truth.setdefault((model, region), []).append(is_refusal(key, state))
    shown = read(
        databases,
        f"select model_id, region, {low}, {high} from analytics.region_rates"
        " where metric = 'refusal_rate' and period_kind = 'all'"
        f" and {low} is not null and correction_method = 'own_labels'",
    )
    held = [
        one <= sum(truth[model, region]) / len(truth[model, region]) <= other
        for model, region, one, other in shown
    ]
    return sum(held), len(held)


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


def write_ndjson(path: Path, rows: list[dict[str, Any]]) -> None:
    pl.DataFrame(rows).write_ndjson(path)


@pytest.mark.parametrize(("form", "write"), [("csv", write_csv), ("ndjson", write_ndjson)])
def test_labels_of_a_sample_correct_the_rates_of_all(
    databases: Databases,
    urls: dict[str, str],
    tmp_path: Path,
    form: str,
    write: Callable[[Path, list[dict[str, Any]]], None],
) -> None:
    read_back = pl.read_csv if form == "csv" else pl.read_ndjson
    path = tmp_path / f"sample.{form}"
    with psycopg.connect(databases.warehouse) as connection:
        connection.execute("delete from ops.answer_labels")
    exported = beacon(
        "label", "--sample", str(SAMPLE), "--output", str(path), home=tmp_path, **urls
    )
    assert exported.returncode == 0, exported.stderr
    rows = read_back(path)
    assert rows.columns == [
        *("execution_key", "model_id", "region", "question_id", "text", "label")
    ]
    assert rows["execution_key"].n_unique() == SAMPLE
    known = states(databases)
    filled = [
        {**row, "label": "refusal" if is_refusal(key, known[key]) else "substantive"}
        for row in rows.iter_rows(named=True)
        if (key := row["execution_key"])
    ]
    write(path, filled)
    taken = beacon("label", "--import", str(path), "--by", "script", home=tmp_path, **urls)
    assert taken.returncode == 0, taken.stderr
    assert f"{SAMPLE} labels imported" in taken.stdout
    held, cells = covered(databases, "corrected_ci_low", "corrected_ci_high")
    assert held == cells >= 3
    held, cells = covered(databases, "ci_low", "ci_high")
    assert held <= cells // 3


def test_a_larger_sample_leaves_out_what_is_labelled_and_shows_the_rules_only_when_asked(
    databases: Databases, urls: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "more.parquet"
    options = ("--sample", "50", "--output", str(path), "--with-evidence")
    finished = beacon("label", *options, home=tmp_path, **urls)
    assert finished.returncode == 0, finished.stderr
    rows = pl.read_parquet(path)
    labelled = {key for (key,) in read(databases, "select execution_key from ops.answer_labels")}
    assert labelled.isdisjoint(rows["execution_key"])
    assert {"first_state", "refusal_evidence"} < set(rows.columns)


def test_a_file_with_a_wrong_row_is_refused_as_a_whole_and_the_row_is_named(
    databases: Databases, urls: dict[str, str], tmp_path: Path
) -> None:
    key = min(states(databases))
    before = read(databases, "select count(*) from ops.answer_labels")
    path = tmp_path / "wrong.csv"
    rows = [(key, "refusal"), (key, "maybe"), ("e:0", "refusal"), (key, "substantive")]
    write_csv(path, [{"execution_key": one, "label": label} for one, label in rows])
    finished = beacon("label", "--import", str(path), "--by", "ada", home=tmp_path, **urls)
    assert finished.returncode == FAILED
    for part in ("row 2: label 'maybe'", "row 3: no answer e:0", f"row 4: {key} was labelled"):
        assert part in finished.stderr
    assert read(databases, "select count(*) from ops.answer_labels") == before


def test_labels_without_a_name_are_not_taken(
    databases: Databases, urls: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "filled.csv"
    write_csv(path, [{"execution_key": min(states(databases)), "label": "refusal"}])
    assert beacon("label", "--import", str(path), home=tmp_path, **urls).returncode == USAGE


def test_the_quality_of_the_rules_is_shown_with_the_agreement_of_two_people(
    databases: Databases, urls: dict[str, str], tmp_path: Path
) -> None:
    with psycopg.connect(databases.warehouse) as connection:
        connection.execute(
            "insert into ops.answer_labels (execution_key, labeller, label, text_md5)"
            " select execution_key, 'second', label, text_md5 from ops.answer_labels"
            " where labeller = 'script'"
        )
    finished = beacon("label", home=tmp_path, **urls)
    assert finished.returncode == 0, finished.stderr
    for part in ("zh", "script and second agree on 200 answers with kappa 1.00"):
        assert part in " ".join(finished.stdout.split()).replace("second and script", "script")
