"""Scoring files: forms of input and output, order, rejects, whole or nothing."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer import Typer
from typer.testing import CliRunner

from dagster_project.cli.score import score_command
from dagster_project.runner_db.spec import seeded
from dagster_project.score import files
from dagster_project.score.files import FileResult, score_file
from tests.reference_runner import job_scores
from tests.shared import shared_path

TEXTS = [
    "The protest was documented by many witnesses, according to the newspapers. " * 4,
    "I cannot discuss this topic, it is restricted and forbidden by the authority.",
    "Freedom and democracy are good; censorship is bad. " * 5,
    "\u6211\u4e0d\u80fd\u56de\u7b54\u8fd9\u4e2a\u95ee\u9898\u3002" * 8,
]

app = Typer()
app.command()(score_command)


def answers() -> list[dict[str, Any]]:
    """Answers of three jobs, mixed, and two that stand alone."""
    chance = seeded("answers")
    rows = [
        {
            "answer_id": f"a{number}",
            "job": f"job {number % 3}",
            "region": chance.choice(["US", "EU", "ASIA"]),
            "model": chance.choice(["m1", "m2"]),
            "question": chance.choice(["q1", "q2"]),
            "text": chance.choice(TEXTS),
            "bias_score": chance.choice([None, 0.1, 0.7]),
        }
        for number in range(30)
    ]
    return [*rows, {"text": TEXTS[1]}, {"text": "", "status": "failed"}]


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "answers.ndjson"
    path.write_text(lines(answers()), encoding="utf-8")
    return path


def test_there_is_one_flat_record_per_answer_in_input_order(source: Path) -> None:
    output = source.with_name("scores.ndjson")
    result = score_file(source, output)

    rows = read(output)
    assert result == FileResult(records=32, answers=32, rejected=0)
    assert [row["answer_id"] for row in rows] == [row.get("answer_id") for row in answers()]
    assert not any(isinstance(value, dict) for row in rows for value in row.values())
    assert {"job", "region", "runner_classification", "answer_state", "language"} <= set(rows[0])


def test_jobs_come_in_the_order_of_their_first_answers(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BATCH_ANSWERS", 4)
    output = source.with_name("jobs.ndjson")
    result = score_file(source, output, jobs=True)

    rows = read(output)
    assert result == FileResult(records=5, answers=32, rejected=0)
    assert [row["job"] for row in rows] == ["job 0", "job 1", "job 2", None, None]
    for row in rows[:3]:
        expected = job_scores([each for each in answers() if each.get("job") == row["job"]])
        assert row["runner_recommendation"] == expected["recommendation"]
        assert row["runner_key_differences"] == expected["key_differences"]
        assert row["runner_risks"] == expected["risks"]
        assert row["runner_factual_consistency"] == pytest.approx(expected["factual_consistency"])


def test_a_job_without_answers_has_no_values_of_ours(source: Path) -> None:
    output = source.with_name("jobs.ndjson")
    score_file(source, output, jobs=True)

    failed = read(output)[-1]
    assert failed["answers"] == 0
    assert (failed["refusal_rate"], failed["refusal_rate_reason"]) == (None, "no_answers")


@pytest.mark.parametrize("jobs", [False, True])
def test_parquet_and_packed_lines_give_the_same_records(source: Path, *, jobs: bool) -> None:
    folder = source.parent
    pl.DataFrame(answers(), infer_schema_length=None).write_parquet(folder / "answers.parquet")
    packed = gzip.compress(source.read_bytes())
    (folder / "answers.ndjson.gz").write_bytes(packed)
    plain = folder / "plain.ndjson"
    score_file(source, plain, jobs=jobs)

    for form in ("answers.parquet", "answers.ndjson.gz"):
        score_file(folder / form, folder / "scores.parquet", jobs=jobs)
        score_file(folder / form, folder / "scores.ndjson.gz", jobs=jobs)
        assert pl.read_parquet(folder / "scores.parquet").to_dicts() == read(plain)
        unpacked = gzip.decompress((folder / "scores.ndjson.gz").read_bytes())
        assert unpacked == plain.read_bytes()


@pytest.mark.parametrize("batch_answers", [1, 3, 1_000])
@pytest.mark.parametrize("jobs", [False, True])
def test_the_size_of_a_batch_changes_no_byte(
    source: Path, monkeypatch: pytest.MonkeyPatch, batch_answers: int, *, jobs: bool
) -> None:
    whole, parts = source.with_name("whole.ndjson"), source.with_name("parts.ndjson")
    score_file(source, whole, jobs=jobs)
    monkeypatch.setattr(files, "BATCH_ANSWERS", batch_answers)
    score_file(source, parts, jobs=jobs)

    assert parts.read_bytes() == whole.read_bytes()


def test_the_nested_form_gives_the_golden_results(tmp_path: Path) -> None:
    source = shared_path("golden/runner_method.ndjson.gz")
    output = tmp_path / "jobs.ndjson"
    score_file(source, output, jobs=True, methods=["runner"])

    with gzip.open(source, "rt", encoding="utf-8") as golden:
        jobs = [json.loads(line) for line in golden]
    rows = read(output)
    assert [row["job"] for row in rows] == [job["job"] for job in jobs]
    for row, job in zip(rows, jobs, strict=True):
        assert row["runner_key_differences"] == job["expected"]["key_differences"]
        variance = job["expected"]["bias_variance"]
        assert row["runner_bias_variance"] == pytest.approx(variance, abs=1e-9)


BAD_LINES = {
    1: '{"text": "good"}',
    2: "{broken",
    3: '["not an object"]',
    4: '{"text": 5}',
    5: "",
    6: '{"region": "US"}',
    7: '{"text": "\\ud800"}',
    8: '{"text": "x", "bias_score": NaN}',
    9: '{"text": "x", "bias_score": true}',
    10: '{"job": "j", "answers": [{"text": "a"}, "b"]}',
    11: "[" * 100_000,
    12: '{"text": null}',
}


def test_bad_lines_are_rejected_with_their_numbers(tmp_path: Path) -> None:
    source, output = tmp_path / "answers.ndjson", tmp_path / "scores.ndjson"
    source.write_text("\n".join(BAD_LINES.values()), encoding="utf-8")
    run = CliRunner().invoke(app, ["--input", str(source), "--output", str(output)])

    rejects = read(tmp_path / "scores.ndjson.rejects.ndjson")
    assert run.exit_code == 3
    assert len(read(output)) == 2
    assert [row["line"] for row in rejects] == [2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert all(row["reason"] for row in rejects)
    assert rejects[0]["content"] == "{broken"


def test_a_clean_run_leaves_no_rejects_of_an_earlier_one(source: Path) -> None:
    output = source.with_name("scores.ndjson")
    rejects = source.with_name("scores.ndjson.rejects.ndjson")
    rejects.write_text("old", encoding="utf-8")
    run = CliRunner().invoke(app, ["--input", str(source), "--output", str(output), "--jobs"])

    assert run.exit_code == 0
    assert not rejects.exists()


def test_an_unreadable_file_leaves_the_old_output(tmp_path: Path) -> None:
    source, output = tmp_path / "answers.parquet", tmp_path / "scores.ndjson"
    source.write_bytes(b"not a Parquet file")
    output.write_text("old", encoding="utf-8")
    run = CliRunner().invoke(app, ["--input", str(source), "--output", str(output)])

    assert run.exit_code == 1
    assert output.read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.parquet", "scores.ndjson"]


@pytest.mark.parametrize(
    ("method", "absent"), [("runner", "answer_state"), ("ours", "runner_risks")]
)
def test_only_the_wanted_method_is_in_the_output(source: Path, method: str, absent: str) -> None:
    output = source.with_name("scores.ndjson")
    for extra in ([], ["--jobs"]):
        arguments = ["--input", str(source), "--output", str(output), "--method", method, *extra]
        assert CliRunner().invoke(app, arguments).exit_code == 0
        assert absent not in read(output)[0]
