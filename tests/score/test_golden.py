"""The runner method against the 60 jobs whose exact results are known."""

import gzip
import json
from typing import Any

import polars as pl
import pytest

from dagster_project.score.pairs import score_pairs
from dagster_project.score.runner_answers import runner_answer_scores
from dagster_project.score.runner_jobs import runner_job_scores
from tests.reference_runner import answer_scores, job_scores
from tests.scoring import answers_frame
from tests.shared import shared_path

TOLERANCE = 1e-9
JOB_NUMBERS = (
    "bias_variance",
    "censorship_rate",
    "factual_consistency",
    "narrative_divergence",
    "regions_with_responses",
)
ANSWER_NUMBERS = {
    "runner_response_length": "response_length",
    "runner_political_sensitivity": "political_sensitivity",
    "runner_censorship_score": "censorship_score",
    "runner_cultural_bias": "cultural_bias",
    "runner_factual_accuracy": "factual_accuracy",
    "runner_sentiment": "sentiment_score",
}

GoldenJob = dict[str, Any]


@pytest.fixture(scope="module")
def golden() -> list[GoldenJob]:
    with gzip.open(shared_path("golden/runner_method.ndjson.gz"), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def scored(golden: list[GoldenJob]) -> pl.DataFrame:
    rows = [answer | {"job": job["job"]} for job in golden for answer in job["answers"]]
    answers = answers_frame(rows)
    return answers.hstack(runner_answer_scores(answers))


def named(findings: str, kind: str) -> list[str]:
    return sorted(f"{found[kind]}|{found['severity']}" for found in json.loads(findings))


def test_every_golden_answer_has_its_exact_values(
    golden: list[GoldenJob], scored: pl.DataFrame
) -> None:
    expected = [answer for job in golden for answer in job["expected"]["answers"]]
    for row, values in zip(scored.iter_rows(named=True), expected, strict=True):
        assert row["runner_classification"] == values["classification"]
        assert row["runner_keyword_flags"] == values["keyword_flags"]
        numbers = [row[column] for column in ANSWER_NUMBERS]
        exact = [values[name] for name in ANSWER_NUMBERS.values()]
        assert numbers == pytest.approx(exact, rel=0, abs=TOLERANCE)


def test_every_golden_job_has_its_exact_values(
    golden: list[GoldenJob], scored: pl.DataFrame
) -> None:
    jobs = runner_job_scores(scored, score_pairs(scored, ["runner"]))
    rows = {row["job_id"]: row for row in jobs.iter_rows(named=True)}
    for job in golden:
        row, expected = rows[job["job"]], job["expected"]
        numbers = [row[name] if name in row else row[f"runner_{name}"] for name in JOB_NUMBERS]
        exact = [expected[name] for name in JOB_NUMBERS]
        assert numbers == pytest.approx(exact, rel=0, abs=TOLERANCE)
        assert named(row["runner_key_differences"], "dimension") == expected["key_differences"]
        assert named(row["runner_risks"], "type") == expected["risks"]
        assert row["runner_recommendation"] == expected["recommendation"]


def test_the_plain_reference_agrees_with_every_golden_job(golden: list[GoldenJob]) -> None:
    for job in golden:
        expected = dict(job["expected"])
        answers = expected.pop("answers")
        assert_equal(job_scores(job["answers"]), expected)
        for answer, values in zip(job["answers"], answers, strict=True):
            place = {name: answer[name] for name in ("model", "question", "region")}
            assert_equal(answer_scores(answer) | place, values)


def assert_equal(values: GoldenJob, expected: GoldenJob) -> None:
    assert values.keys() == expected.keys()
    for name, value in expected.items():
        exact = value if isinstance(value, str | list) else pytest.approx(value, rel=0, abs=1e-9)
        assert values[name] == exact
