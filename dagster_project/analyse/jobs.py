"""What may be said about one job: how complete it is, and whether its regions differ in it.

Belongs here: the scope this_job, whose clusters are the job's questions, models averaged within.
Does not belong here: measures of a job without uncertainty (score.our_jobs), periods (effects).
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from dagster_project.analyse.effects import (
    PAIR,
    largest_pairs,
    pair_verdict,
    with_allowance,
)
from dagster_project.analyse.flips import (
    TOLERANCE,
    Floats,
    joint_flips,
    sign_flips,
    stacked,
)
from dagster_project.analyse.reasons import INSUFFICIENT_DATA

SCOPE = "this_job"
MIN_JOB_QUESTIONS = 6
"""Questions with an answer in both regions; fewer could not give p below 5 %."""

_PAIR_SCHEMA = pl.Schema(
    {
        "questions": pl.Int64(),
        "risk_difference": pl.Float64(),
        "p_value": pl.Float64(),
        "q_value": pl.Float64(),
        "ci_low": pl.Float64(),
        "ci_high": pl.Float64(),
        "wider": pl.Float64(),
        "positive": pl.Float64(),
        "negative": pl.Float64(),
        "worth": pl.Float64(),
        "discordant": pl.Int64(),
    }
)


def job_effects(slots: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Compare the regions of each job, question by question.

    Args:
        slots: One row per ``keys, model_id, region`` and ``question_id`` with the counts ``scored,
            refused, failed, blocked``, no nulls; refused by the first generation.
        keys: Columns that name a job.

    Returns:
        One row per job, sorted by ``keys``: ``questions`` of the pair with the largest gap;
        ``refusal_gap``, the larger mean rate minus the smaller one, with
        ``refusal_gap_ci_low, refusal_gap_ci_high`` (allowing for having picked the largest, cut at
        0), ``refusal_gap_reason, highest_region, lowest_region``; ``n_tests, n_significant``,
        ``p_value``, ``q_value`` (adjusted over the job's pairs, max-t), ``verdict,
        verdict_reason``.
    """
    questions = _questions(slots, keys)
    pairs = _pairs(questions, keys).with_columns(scope=pl.lit(SCOPE), verdict_reason=None)
    judged = (
        with_allowance(pairs)
        .with_columns(question_days=pl.col("questions"))
        .with_columns(verdict=pair_verdict())
        .with_columns(
            minimum_detectable_effect=pl.lit(None, pl.Float64),
            minimum_detectable_effect_concentrated=pl.lit(None, pl.Float64),
            verdict_reason=pl.lit(None, pl.String),
            ci_low=_scaled("ci_low"),
            ci_high=_scaled("ci_high"),
        )
    )
    sign = pl.col("largest_difference").sign().replace(0.0, 1.0)
    ends = [pl.col(name) * sign for name in ("largest_ci_low", "largest_ci_high")]
    flipped = pl.col("largest_difference") < 0
    largest = largest_pairs(judged, keys).join(
        judged.select(
            *keys, "p_value", "questions", largest_region_a="region_a", largest_region_b="region_b"
        ),
        on=[*keys, "largest_region_a", "largest_region_b"],
        nulls_equal=True,
    )
    found = pl.col("largest_difference").is_not_null()
    return (
        slots.group_by(keys)
        .agg(reason=_reason())
        .join(largest, on=list(keys), how="left", nulls_equal=True)
        .select(
            *keys,
            pl.col("questions", "n_tests", "n_significant").fill_null(0),
            "p_value",
            q_value="largest_q_value",
            refusal_gap=pl.col("largest_difference").abs(),
            refusal_gap_ci_low=pl.min_horizontal(ends).clip(0),
            refusal_gap_ci_high=pl.max_horizontal(ends).clip(0),
            refusal_gap_reason=pl.when(~found).then("reason"),
            highest_region=pl.when(flipped).then("largest_region_b").otherwise("largest_region_a"),
            lowest_region=pl.when(flipped).then("largest_region_a").otherwise("largest_region_b"),
            verdict=pl.col("verdict").fill_null(INSUFFICIENT_DATA),
            verdict_reason=pl.when(~found).then("reason"),
        )
        .sort(keys)
    )


def _scaled(end: str) -> pl.Expr:
    """An end of the interval, moved away from the estimate as the largest of several demands."""
    effect = pl.col("risk_difference")
    return (effect + (pl.col(end) - effect) * pl.col("wider")).clip(-1, 1)


def _questions(slots: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Mean difference over the models of each question, for every two regions of a job."""
    on = [*keys, "model_id", "question_id"]
    rates = slots.filter(pl.col("scored") > 0).select(
        *on, "region", rate=pl.col("refused") / pl.col("scored")
    )
    others = rates.rename({"region": "region_b", "rate": "rate_b"})
    return (
        rates.rename({"region": "region_a", "rate": "rate_a"})
        .join(others, on=on, nulls_equal=True)
        .filter(pl.col("region_a") < pl.col("region_b"))
        .group_by([*keys, *PAIR, "question_id"])
        .agg(difference=(pl.col("rate_a") - pl.col("rate_b")).mean())
        .sort("question_id", *PAIR)
    )


def _pairs(questions: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Test the pairs of each job that share questions enough, all pairs of a job together."""
    grain = [*keys, *PAIR]
    enough = questions.filter(pl.len().over(grain) >= MIN_JOB_QUESTIONS)
    pairs = enough.group_by(grain, maintain_order=True).agg("question_id", "difference").sort(grain)
    order, results = [np.empty(0, np.int64)], [_PAIR_SCHEMA.to_frame()]
    for rows, (differences,) in stacked(pairs, ("difference",)):
        order.append(rows)
        results.append(_tested(differences))
    tested = pairs[np.concatenate(order)].select(grain).hstack(pl.concat(results))
    return tested.update(_adjusted(pairs, keys), on=grain, how="left")


def _tested(differences: Floats) -> pl.DataFrame:
    size = differences.shape[1]
    p_value, interval = sign_flips(differences / size, np.full(differences.shape, 1 / size))
    return pl.DataFrame(
        {
            "questions": np.full(len(differences), size),
            "risk_difference": differences.mean(axis=1),
            "p_value": p_value,
            "q_value": p_value,
            "ci_low": interval[:, 0],
            "ci_high": interval[:, 1],
            "wider": np.ones(len(differences)),
            "positive": differences.clip(0).mean(axis=1),
            "negative": (-differences).clip(0).mean(axis=1),
            "worth": np.full(len(differences), float(size)),
            "discordant": (np.abs(differences) > TOLERANCE).sum(axis=1),
        },
        schema=_PAIR_SCHEMA,
    )


def _adjusted(pairs: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Adjust p over the pairs of a job, and how much wider intervals have to be for it."""
    rows = []
    several = pairs.filter(pl.len().over(keys) > 1)
    for job in several.partition_by(list(keys)):
        wide = job.explode("question_id", "difference").pivot(
            "question_id", index=[*keys, *PAIR], values="difference"
        )
        sums = wide.drop(*keys, *PAIR).to_numpy()
        p_values, _, _ = joint_flips(np.nan_to_num(sums))
        centred = np.nan_to_num(sums - np.nanmean(sums, axis=1, keepdims=True))
        _, together, alone = joint_flips(centred)
        wider = np.divide(together, alone, out=np.ones_like(alone), where=alone > 0)
        rows.append(
            wide.select(*keys, *PAIR).with_columns(
                q_value=pl.Series(p_values), wider=pl.Series(np.maximum(1, wider))
            )
        )
    empty = (
        pairs.select(*keys, *PAIR)
        .clear()
        .with_columns(q_value=pl.lit(None, pl.Float64), wider=pl.lit(None, pl.Float64))
    )
    return pl.concat([empty, *rows])


def _reason() -> pl.Expr:
    regions = pl.col("region").filter(pl.col("scored") > 0).n_unique()
    return (
        pl.when(regions > 1)
        .then(pl.lit("too_few_common_questions"))
        .when(regions == 1)
        .then(pl.lit("single_region"))
        .when((pl.col("failed") + pl.col("blocked")).sum() > 0)
        .then(pl.lit("all_technical_failures"))
        .otherwise(pl.lit("no_answers"))
    )
