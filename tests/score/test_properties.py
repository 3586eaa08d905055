"""What holds for any answers, tried on random ones."""

import json
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from dagster_project.score.scores import (
    rounded,
    score_answers,
    score_jobs,
    score_pairs,
    usable_answers,
)
from tests import reference_runner as reference
from tests.scoring import answers_frame

RUNNER = ["runner"]

KEYWORDS = sorted(
    {
        *reference.REFUSALS,
        *reference.POLITICAL,
        *reference.CULTURAL,
        *reference.CENSORSHIP,
        *reference.RESTRICTIONS,
        *reference.FACTUAL,
        *reference.HEDGED,
        *reference.ABSOLUTE,
        *reference.TONE_POSITIVE,
        *reference.TONE_NEGATIVE,
        *reference.CENSORED_PHRASES,
        *(word for words in reference.STANCES.values() for word in words),
    }
)
ODD_PIECES = [
    "\u0130NDEPENDENCE",
    "\u039f\u0394\u039f\u03a3",
    "\u212aing",
    "\u017fensitive",
    "\u6211\u4e0d\u80fd\u56de\u7b54\u3002",
    "na\u00efve",
    "unable\u00a0to",
    "\u2028",
    "\x00",
    "it\u2019s",
    "...",
    "\U0001f600",
    "e\u0301",
]
PIECES = st.one_of(
    st.sampled_from(KEYWORDS),
    st.sampled_from(KEYWORDS).map(str.upper),
    st.sampled_from(ODD_PIECES),
    st.sampled_from(["one", "two", "ab", "word,", "(state)", "a" * 60]),
    st.text(max_size=8),
)
TEXTS = st.one_of(
    st.sampled_from(["", " ", "\n\t", "a" * 49, "a" * 50, "b" * 200, "b" * 201]),
    st.lists(PIECES, max_size=14).map(" ".join),
    st.lists(PIECES, max_size=6).map("".join),
)
ANSWERS = st.lists(
    st.fixed_dictionaries(
        {
            "job": st.sampled_from(["j1", "j2"]),
            "region": st.sampled_from(["US", "EU", "ASIA", "OTHER"]),
            "model": st.sampled_from(["m1", "m2"]),
            "question": st.sampled_from(["q1", "q2"]),
            "text": TEXTS,
            "bias_score": st.sampled_from([None, 0.0, 0.2, 0.35, 0.5, 0.9, 1.0]),
            "status": st.sampled_from(["completed", "completed", "completed", "failed"]),
        }
    ),
    min_size=1,
    max_size=12,
)

many = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def scores(
    answers: pl.DataFrame, methods: list[str] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    chosen = methods or ["runner", "ours"]
    scored = score_answers(answers, chosen)
    usable = usable_answers(scored)
    pairs = score_pairs(usable, chosen)
    jobs = score_jobs(usable, pairs, chosen)
    return rounded(scored), rounded(pairs), rounded(jobs)


@many
@given(answers=ANSWERS)
def test_answers_equal_the_plain_reference(answers: list[dict[str, Any]]) -> None:
    scored = score_answers(answers_frame(answers), RUNNER)
    for row, answer in zip(scored.iter_rows(named=True), answers, strict=True):
        for name, value in reference.answer_scores(answer).items():
            column = "runner_sentiment" if name == "sentiment_score" else f"runner_{name}"
            exact = value if isinstance(value, str | list) else pytest.approx(value, abs=1e-9)
            assert row[column] == exact, name


@many
@given(answers=ANSWERS)
def test_jobs_equal_the_plain_reference(answers: list[dict[str, Any]]) -> None:
    _, _, jobs = scores(answers_frame(answers), RUNNER)
    for row in jobs.iter_rows(named=True):
        expected = reference.job_scores([a for a in answers if a["job"] == row["job_id"]])
        assert as_golden(row) == {
            name: value if isinstance(value, str | list) else pytest.approx(value, abs=1e-9)
            for name, value in expected.items()
        }


def as_golden(row: dict[str, Any]) -> dict[str, Any]:
    def named(findings: str, kind: str) -> list[str]:
        return sorted(f"{each[kind]}|{each['severity']}" for each in json.loads(findings))

    return {
        "bias_variance": row["runner_bias_variance"],
        "censorship_rate": row["runner_censorship_rate"],
        "factual_consistency": row["runner_factual_consistency"],
        "narrative_divergence": row["runner_narrative_divergence"],
        "key_differences": named(row["runner_key_differences"], "dimension"),
        "risks": named(row["runner_risks"], "type"),
        "recommendation": row["runner_recommendation"],
        "regions_with_responses": row["regions_with_responses"],
    }


@many
@given(answers=ANSWERS)
def test_every_score_is_in_its_range(answers: list[dict[str, Any]]) -> None:
    scored, pairs, jobs = scores(answers_frame(answers))
    shares = [
        scored.select("runner_political_sensitivity", "runner_censorship_score"),
        scored.select("runner_cultural_bias", "runner_factual_accuracy", "runner_sentiment"),
        scored.select("refusal_score"),
        pairs.select("runner_jaccard", "word_jaccard", "length_ratio", "cosine_tfidf"),
        jobs.select("runner_bias_variance", "runner_censorship_rate", "refusal_rate"),
        jobs.select("runner_factual_consistency", "runner_narrative_divergence"),
        jobs.select("cross_region_divergence", "repeat_divergence"),
    ]
    for columns in shares:
        for values in columns.iter_columns():
            assert values.drop_nulls().is_between(0, 1).all(), values.name
    assert jobs["excess_divergence"].drop_nulls().is_between(-1, 1).all()


@many
@given(answers=ANSWERS, chance=st.randoms())
def test_the_order_of_the_rows_changes_nothing(
    answers: list[dict[str, Any]], chance: Random
) -> None:
    frame = answers_frame(answers)
    order = list(range(len(answers)))
    chance.shuffle(order)
    scored, pairs, jobs = scores(frame)
    mixed_scored, mixed_pairs, mixed_jobs = scores(frame[order])

    assert_frame_equal(mixed_scored.sort("sequence"), scored, check_exact=True)
    assert_frame_equal(mixed_pairs, pairs, check_exact=True)
    assert_frame_equal(mixed_jobs, jobs, check_exact=True)


@many
@given(answers=ANSWERS)
def test_a_batch_boundary_between_jobs_changes_nothing(answers: list[dict[str, Any]]) -> None:
    frame = answers_frame(answers)
    parts = [scores(frame.filter(pl.col("job_id") == job)) for job in ("j1", "j2")]
    for whole, split in zip(scores(frame), zip(*parts, strict=True), strict=True):
        keys = [name for name in ("job_id", "sequence") if name in whole.columns]
        together = pl.concat(split)
        assert_frame_equal(together.sort(keys), whole.sort(keys), check_exact=True)


@many
@given(answers=ANSWERS, apostrophe=st.sampled_from("\u2018\u2019\u02bc"))
def test_our_scores_do_not_depend_on_the_apostrophe(
    answers: list[dict[str, Any]], apostrophe: str
) -> None:
    straight = answers_frame(answers)
    curly = straight.with_columns(pl.col("answer_text").str.replace_all("'", apostrophe))
    ours = ["answer_state", "refusal_score", "refusal_rules", "language"]
    scored, pairs, jobs = scores(straight, ["ours"])
    curly_scored, curly_pairs, curly_jobs = scores(curly, ["ours"])

    assert_frame_equal(curly_scored.select(ours), scored.select(ours), check_exact=True)
    assert_frame_equal(curly_pairs, pairs, check_exact=True)
    assert_frame_equal(curly_jobs, jobs, check_exact=True)


def test_a_sum_that_is_zero_is_stored_as_zero_whatever_the_order_of_its_parts() -> None:
    parts = (0.1, 0.2, -0.3)
    sums = pl.DataFrame({"sum": [sum(parts), sum(reversed(parts)), -sum(parts), None]})
    assert rounded(sums).write_csv().splitlines() == ["sum", "0.0", "0.0", "0.0", ""]
