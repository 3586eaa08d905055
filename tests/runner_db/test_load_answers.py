"""Answers from a file become executions of standard jobs, their texts unchanged."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest

from dagster_project.runner_db.load import generate
from dagster_project.runner_db.load_answers import (
    BadAnswersError,
    ForeignDatabaseError,
    ForeignJobError,
    LoadedAnswers,
    load_answers,
    read_answers,
)
from dagster_project.runner_db.schema import create_runner_schema
from dagster_project.runner_db.spec import MIN_JOBS, RunnerSpec
from tests.command import beacon
from tests.shared import shared_path

NOW = datetime(2025, 11, 1, 12, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {
        "job": "a",
        "region": "US",
        "model": "m1",
        "question": "q1",
        "text": "Yes.\n\u201cNo\u201d \\u0000",
    },
    {"job": "a", "region": "eu_west", "model": "m2", "question": "q1", "text": ""},
    {
        "job": "b",
        "region": "ASIA",
        "model": "m1",
        "question": "What now?",
        "text": "\u4e0d\u77e5\u9053",
    },
]


def ndjson(folder: Path, *lines: dict[str, Any] | str) -> Path:
    file = folder / "answers.ndjson"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return file


def fetch(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


STORED = """
select jobs.jobspec_id, region, model_id, question_id, output_data ->> 'response'
from executions inner join jobs on executions.job_id = jobs.id
order by executions.id
"""


def test_an_empty_database_gets_tables_and_answers(runner_url: str, tmp_path: Path) -> None:
    result = load_answers(runner_url, ndjson(tmp_path, *ROWS), now=NOW)
    assert result == LoadedAnswers(2, 0, 0, 3)
    assert fetch(runner_url, STORED) == [tuple(row.values()) for row in ROWS]
    times = fetch(
        runner_url,
        "select distinct jobs.created_at, executions.created_at"
        " from jobs inner join executions on executions.job_id = jobs.id",
    )
    assert times == [(NOW.replace(tzinfo=None),) * 2]


def test_the_same_file_twice_is_the_same_as_once(runner_url: str, tmp_path: Path) -> None:
    file = ndjson(tmp_path, *ROWS)
    load_answers(runner_url, file, now=NOW)
    before = fetch(runner_url, "select * from executions order by id")
    assert load_answers(runner_url, file) == LoadedAnswers(0, 0, 2, 3)
    assert fetch(runner_url, "select * from executions order by id") == before


def test_a_job_whose_answers_changed_is_replaced(runner_url: str, tmp_path: Path) -> None:
    load_answers(runner_url, ndjson(tmp_path, *ROWS), now=NOW)
    changed = [{**ROWS[0], "text": "Maybe."}, ROWS[2]]
    assert load_answers(runner_url, ndjson(tmp_path, *changed)) == LoadedAnswers(0, 1, 1, 2)
    texts = fetch(runner_url, "select output_data ->> 'response' from executions order by 1")
    assert texts == [("Maybe.",), ("\u4e0d\u77e5\u9053",)]


def test_the_note_is_part_of_the_job_name(runner_url: str, tmp_path: Path) -> None:
    load_answers(runner_url, ndjson(tmp_path, ROWS[0]), note="language stands in for region")
    names = fetch(runner_url, "select jobspec_data #>> '{benchmark,name}' from jobs")
    assert names == [("Answers from a file: a (language stands in for region)",)]


def test_times_status_and_scores_of_the_file_are_kept(runner_url: str, tmp_path: Path) -> None:
    frame = pl.DataFrame(ROWS).with_columns(
        status=pl.Series([None, None, "failed"], dtype=pl.String),
        text=pl.Series(["Yes.", "No.", None], dtype=pl.String),
        bias_score=pl.Series([0.25, None, None]),
        started_at=pl.lit("2025-10-01T12:00:00+02:00"),
        completed_at=pl.lit(datetime.fromisoformat("2025-10-01T10:00:09")),
        created_at=pl.lit(datetime(2025, 10, 1, 10, 0, 10, tzinfo=UTC)),
    )
    file = tmp_path / "answers.parquet"
    frame.write_parquet(file)
    load_answers(runner_url, file)
    stored = fetch(
        runner_url,
        """
        select
            status, output_data #>> '{bias_score,bias_score}', started_at::text,
            completed_at::text, created_at::text
        from executions order by id
        """,
    )
    times = ("2025-10-01 10:00:00", "2025-10-01 10:00:09", "2025-10-01 10:00:10")
    assert stored == [
        ("completed", "0.25", *times),
        ("completed", None, *times),
        ("failed", None, *times),
    ]


def test_bad_rows_are_named_and_nothing_is_loaded(runner_url: str, tmp_path: Path) -> None:
    file = ndjson(
        tmp_path,
        ROWS[0],
        {**ROWS[0], "text": "a\0b"},
        "{no json",
        "[1]",
        {**ROWS[0], "region": " "},
        {**ROWS[0], "model": "m" * 51},
        {**ROWS[0], "text": None},
        {**ROWS[0], "text": "\ud800"},
        {**ROWS[0], "created_at": "yesterday"},
        {**ROWS[0], "bias_score": "high"},
        {**ROWS[0], "question": ["q"]},
    )
    with pytest.raises(BadAnswersError, match="10 bad rows") as caught:
        load_answers(runner_url, file)
    assert list(caught.value.faults) == list(range(2, 12))
    assert "row 2: text holds a NUL" in str(caught.value)
    assert fetch(runner_url, "select to_regclass('jobs')") == [(None,)]


def test_a_row_that_is_no_utf_8_is_named(tmp_path: Path) -> None:
    file = ndjson(tmp_path, *ROWS)
    file.write_bytes(file.read_bytes() + json.dumps({**ROWS[0], "text": "?"}).encode() + b"\n")
    file.write_bytes(file.read_bytes().replace(b'"?"', b'"\xff"'))
    with pytest.raises(BadAnswersError, match="row 4: not valid JSON"):
        read_answers(file)


def test_a_job_of_the_runner_is_never_overwritten(runner_url: str, tmp_path: Path) -> None:
    generate(runner_url, RunnerSpec(seed=3, jobs=MIN_JOBS))
    ((taken,),) = fetch(runner_url, "select jobspec_id from jobs limit 1")
    before = fetch(runner_url, "select count(*) from executions")
    with pytest.raises(ForeignJobError):
        load_answers(runner_url, ndjson(tmp_path, *ROWS, {**ROWS[0], "job": taken}))
    assert fetch(runner_url, "select count(*) from executions") == before


def test_a_database_that_we_did_not_make_is_never_written(runner_url: str, tmp_path: Path) -> None:
    with psycopg.connect(runner_url) as connection:
        create_runner_schema(connection)
    file = ndjson(tmp_path, *ROWS)
    with pytest.raises(ForeignDatabaseError, match="BEACON_RUNNER_URL"):
        load_answers(runner_url, file)
    printed = beacon(
        "load-answers",
        str(file),
        home=tmp_path,
        BEACON_RUNNER_URL=runner_url,
        BEACON_WAREHOUSE_URL=runner_url,
    )
    assert printed.returncode == 1
    assert "nothing was written" in printed.stderr
    assert fetch(runner_url, "select count(*) from jobs") == [(0,)]


def test_answers_stand_beside_synthetic_jobs(runner_url: str, tmp_path: Path) -> None:
    spec = RunnerSpec(seed=3, jobs=MIN_JOBS)
    manifest = generate(runner_url, spec)
    load_answers(runner_url, ndjson(tmp_path, *ROWS))
    assert generate(runner_url, spec) == manifest
    jobs = fetch(runner_url, "select count(*) from jobs")
    assert jobs == [(manifest.tables["jobs"] + 2,)]


def test_files_of_another_kind_without_columns_or_without_rows_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "answers.csv"
    other.write_text("job,text\n", encoding="utf-8")
    with pytest.raises(BadAnswersError, match="row 1: not valid JSON"):
        read_answers(other)
    incomplete = tmp_path / "answers.parquet"
    pl.DataFrame(ROWS).drop("region").write_parquet(incomplete)
    with pytest.raises(BadAnswersError, match="row 1: region is missing"):
        read_answers(incomplete)
    with pytest.raises(BadAnswersError, match="no rows"):
        read_answers(ndjson(tmp_path))


def test_jobs_with_lists_of_answers_and_packed_files_are_read_alike(tmp_path: Path) -> None:
    flat = ndjson(tmp_path, *ROWS)
    jobs = [
        {"job": job, "answers": [row for row in ROWS if row["job"] == job]} for job in ("a", "b")
    ]
    packed = tmp_path / "jobs.ndjson.gz"
    packed.write_bytes(gzip.compress("\n".join(map(json.dumps, jobs)).encode()))
    assert read_answers(packed) == read_answers(flat)


def test_real_answers_arrive_unchanged(runner_url: str, tmp_path: Path) -> None:
    labelled = pl.read_parquet(shared_path("data/labelled_answers_dev.parquet"))
    frame = labelled.select(
        job=pl.lit("labelled-") + pl.col("source"),
        region=pl.col("lang").replace_strict({"en": "US", "zh": "ASIA"}),
        model="model",
        question="question_id",
        text="response",
    )
    file = tmp_path / "labelled.parquet"
    frame.write_parquet(file)
    result = load_answers(runner_url, file, note="source stands in for job, language for region")
    assert result.answers == frame.height
    assert sorted(fetch(runner_url, STORED)) == sorted(frame.rows())
