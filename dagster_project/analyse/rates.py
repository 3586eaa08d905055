"""Rates of one model in one region: coverage, failures, provider blocks, refusals.

Belongs here: from counts per question to rates with intervals. Does not belong here: comparing
regions (pairs), how an interval is made (intervals).
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from dagster_project.analyse.intervals import (
    RateSums,
    bootstrap_holds,
    effective_answers,
    wilson_interval,
)
from dagster_project.analyse.reasons import status
from dagster_project.analyse.resampling import bca_interval, stacked
from dagster_project.score.our_jobs import MIN_ANSWERS

MIN_QUESTIONS_SHOWN = 5
"""Questions with a scored answer to show a refusal rate."""
MIN_QUESTIONS_COMPARED = 20
"""Questions with a scored answer in each region to compare regions that share too few of them."""

ATTEMPTS = pl.col("answered") + pl.col("failed") + pl.col("blocked")

METRICS = {
    "coverage": (pl.col("answered"), pl.col("expected")),
    "failure_rate": (pl.col("failed"), ATTEMPTS),
    "provider_block_rate": (pl.col("blocked"), ATTEMPTS),
    "refusal_rate": (pl.col("refused"), pl.col("scored")),
}
"""Per metric what counts, k, and of what, n."""

_SUMS = ("hits", "answers", "questions", "hits2", "hits_answers", "answers2")
_NOT_APPLICABLE = ("nothing_expected", "no_attempts", "no_answers", "all_technical_failures")


def region_rates(cells: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Compute the rates of each region with 95 % intervals over questions.

    Args:
        cells: One row per ``keys``, ``region`` and ``question_id`` with the counts ``expected,
            answered, failed, blocked, scored, refused``, no nulls.
        keys: Columns that name a group, such as period and model; carried through.

    Returns:
        One row per ``keys``, ``region`` and ``metric``, sorted by them: ``k`` of ``n`` answers to
        ``questions`` questions, ``estimate, ci_low, ci_high`` (null unless ``status`` is ok),
        ``method`` (wilson, wilson_clustered or bca_clustered), ``status, reason`` and
        ``comparable`` (enough questions to compare the region with another).
    """
    grain = [*keys, "region", "metric"]
    counted = _counted(cells, [*keys, "region"])
    groups = counted.group_by(grain).agg(
        k=pl.col("hits").sum(),
        n=pl.col("answers").sum(),
        questions=(pl.col("answers") > 0).sum().cast(pl.Int64),
        _failures=pl.col("failures").sum(),
    )
    rates = with_intervals(counted, grain)
    reason = _reason()
    shown = reason.is_null()
    return (
        groups.join(rates, on=grain, how="left", nulls_equal=True)
        .select(
            *grain,
            "k",
            "n",
            "questions",
            *(
                pl.when(shown).then(pl.col(name)).alias(name)
                for name in ("estimate", "ci_low", "ci_high", "method")
            ),
            status=status(reason, *_NOT_APPLICABLE),
            reason=reason,
            comparable=shown & (pl.col("questions") >= MIN_QUESTIONS_COMPARED),
        )
        .sort(grain)
    )


def _counted(cells: pl.DataFrame, grain: list[str]) -> pl.DataFrame:
    """One row per metric and cell: how many answers count, of how many."""
    return pl.concat(
        [
            cells.select(
                *grain,
                "question_id",
                metric=pl.lit(metric),
                hits=hits.cast(pl.Int64),
                answers=answers.cast(pl.Int64),
                failures=(pl.col("failed") + pl.col("blocked")).cast(pl.Int64),
            )
            for metric, (hits, answers) in METRICS.items()
        ]
    )


def _reason() -> pl.Expr:
    is_refusal = pl.col("metric") == "refusal_rate"
    nothing = (
        pl.when(pl.col("metric") == "coverage")
        .then(pl.lit("nothing_expected"))
        .when(~is_refusal)
        .then(pl.lit("no_attempts"))
        .when(pl.col("_failures") > 0)
        .then(pl.lit("all_technical_failures"))
        .otherwise(pl.lit("no_answers"))
    )
    return (
        pl.when(pl.col("n") == 0)
        .then(nothing)
        .when(is_refusal & (pl.col("questions") < MIN_QUESTIONS_SHOWN))
        .then(pl.lit("too_few_questions"))
        .when(~is_refusal & (pl.col("n") < MIN_ANSWERS))
        .then(pl.lit("too_few_answers"))
    )


def with_intervals(counted: pl.DataFrame, grain: Sequence[str]) -> pl.DataFrame:
    """Compute rates and intervals of all groups, whatever their size.

    Args:
        counted: One row per ``grain`` and ``question_id``: ``hits`` of ``answers``.
        grain: Columns that name a group.

    Returns:
        One row per group with at least one answer: ``estimate, effective, ci_low, ci_high,
        method``, where ``effective`` is the number of independent answers that the answers are
        worth.
    """
    hits, answers = pl.col("hits").cast(pl.Float64), pl.col("answers").cast(pl.Float64)
    groups = (
        counted.filter(pl.col("answers") > 0)
        .sort("question_id")
        .group_by(grain, maintain_order=True)
        .agg(
            hits=hits.sum(),
            answers=answers.sum(),
            questions=pl.len().cast(pl.Float64),
            hits2=(hits * hits).sum(),
            hits_answers=(hits * answers).sum(),
            answers2=(answers * answers).sum(),
            _hits=hits,
            _answers=answers,
        )
    )
    sums = RateSums(*(groups[name].to_numpy() for name in _SUMS))
    rate, effective = sums.hits / sums.answers, effective_answers(sums)
    interval = wilson_interval(rate, effective)
    method = np.where(sums.answers == sums.questions, "wilson", "wilson_clustered").astype(object)
    for rows, (totals, sizes) in stacked(groups, ("_hits", "_answers")):
        holds = bootstrap_holds(totals, sizes) & (sizes > 1).any(axis=1)
        interval[rows[holds]] = bca_interval(totals[holds], sizes[holds])
        method[rows[holds]] = "bca_clustered"
    return groups.select(grain).with_columns(
        estimate=pl.Series(rate),
        effective=pl.Series(effective),
        ci_low=pl.Series(interval[:, 0]),
        ci_high=pl.Series(interval[:, 1]),
        method=pl.Series(method.tolist(), dtype=pl.String),
    )
