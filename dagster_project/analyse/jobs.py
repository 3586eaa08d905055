"""What may be said about one job: how complete it is, and whether its regions differ in it.

Belongs here: the scope this_job, whose clusters are the job's questions, models averaged within.
Does not belong here: measures of a job without uncertainty (score.our_jobs), periods (effects).
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from dagster_project.analyse import MIN_JOB_QUESTIONS
from dagster_project.analyse.effects import largest_pairs, pair_verdict, with_allowance
from dagster_project.analyse.flips import (
    TOLERANCE,
    Floats,
    joint_flips,
    sign_flips,
    stacked,
)
from dagster_project.analyse.quality import (
    PAIR,
    PairErrors,
    corrected_contrasts,
    pair_errors,
    tipping_gap,
    with_corrections,
)
from dagster_project.analyse.reasons import INSUFFICIENT_DATA

SCOPE = "this_job"

_DRAWS = 50
"""Of the classifier's errors: questions leave far more open in a job, and there are many jobs."""

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


def job_effects(slots: pl.DataFrame, keys: Sequence[str], quality: pl.DataFrame) -> pl.DataFrame:
    """Compare the regions of each job, question by question.

    Args:
        slots: One row per ``keys, model_id, region`` and ``question_id`` with the counts ``scored,
            refused, failed, blocked``, no nulls; refused by the first generation; ``language`` and
            ``source`` of the answer.
        keys: Columns that name a job.
        quality: As for ``classifier_errors``.

    Returns:
        One row per job, sorted by ``keys``: ``questions`` of the pair with the largest gap;
        ``refusal_gap``, the larger mean rate minus the smaller one, with
        ``refusal_gap_ci_low, refusal_gap_ci_high`` (allowing for having picked the largest, cut at
        0), ``refusal_gap_reason, highest_region, lowest_region``; ``n_tests, n_significant``,
        ``p_value``, ``q_value`` (adjusted over the job's pairs, max-t), ``verdict,
        verdict_reason, tipping_gap``.
    """
    answers = slots.filter(pl.col("scored") > 0)
    errors = pair_errors(answers, quality, keys, _DRAWS)
    questions = _questions(answers, errors, keys)
    tested = questions.filter(~pl.col("_unlabelled"))
    pairs = _pairs(tested, keys).with_columns(scope=pl.lit(SCOPE), verdict_reason=None)
    judged = (
        with_allowance(pairs)
        .pipe(with_corrections, errors)
        .with_columns(question_days=pl.col("questions"))
        .with_columns(verdict=pair_verdict())
        .with_columns(
            minimum_detectable_effect=pl.lit(None, pl.Float64),
            minimum_detectable_effect_concentrated=pl.lit(None, pl.Float64),
            verdict_reason=pl.lit(None, pl.String),
            ci_low=_scaled("ci_low"),
            ci_high=_scaled("ci_high"),
        )
        .with_columns(tipping_gap=tipping_gap())
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
        .join(
            questions.group_by(keys).agg(pl.col("_unlabelled").any()),
            on=list(keys),
            how="left",
            nulls_equal=True,
        )
        .with_columns(
            reason=pl.when("_unlabelled").then(pl.lit("unlabelled_language")).otherwise("reason")
        )
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
            tipping_gap="tipping_gap",
        )
        .sort(keys)
    )


def _scaled(end: str) -> pl.Expr:
    """An end of the interval, moved away from the estimate as the largest of several demands."""
    effect = pl.col("risk_difference")
    return (effect + (pl.col(end) - effect) * pl.col("wider")).clip(-1, 1)


def _questions(answers: pl.DataFrame, errors: PairErrors, keys: Sequence[str]) -> pl.DataFrame:
    """Rates of each question in every two regions of a job that share enough, means over models.

    Regions that answered in different languages are corrected, or ``_unlabelled`` where no labels
    say by how much.
    """
    on = [*keys, "model_id", "question_id"]
    rates = answers.select(*on, "region", rate=pl.col("refused") / pl.col("scored"))
    others = rates.rename({"region": "region_b", "rate": "rate_b_total"})
    both = (
        rates.rename({"region": "region_a", "rate": "rate_a_total"})
        .join(others, on=on, nulls_equal=True)
        .filter(pl.col("region_a") < pl.col("region_b"))
        .with_columns(contrasts=pl.lit(1))
    )
    return (
        corrected_contrasts(both, errors)
        .group_by([*keys, *PAIR, "question_id"])
        .agg(rate_a=pl.col("rate_a_total").mean(), rate_b=pl.col("rate_b_total").mean())
        .with_columns(difference=pl.col("rate_a") - pl.col("rate_b"))
        .filter(pl.len().over([*keys, *PAIR]) >= MIN_JOB_QUESTIONS)
        .join(
            errors.pairs.select(*errors.on, _unlabelled=_cannot()),
            on=errors.on,
            how="left",
            nulls_equal=True,
        )
        .with_columns(pl.col("_unlabelled").fill_null(value=False))
        .sort("question_id", *PAIR)
    )


def _cannot() -> pl.Expr:
    """Whether two regions cannot be compared for the languages in which they answered."""
    return pl.col("languages_differ") & pl.col("correction_reason").is_not_null()


def _pairs(questions: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Test the pairs of each job, all together."""
    grain = [*keys, *PAIR]
    pairs = (
        questions.group_by(grain, maintain_order=True)
        .agg("question_id", "difference", pl.col("rate_a", "rate_b").mean())
        .sort(grain)
    )
    order, results = [np.empty(0, np.int64)], [_PAIR_SCHEMA.to_frame()]
    for rows, (differences,) in stacked(pairs, ("difference",)):
        order.append(rows)
        results.append(_tested(differences))
    tested = (
        pairs[np.concatenate(order)].select(*grain, "rate_a", "rate_b").hstack(pl.concat(results))
    )
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
