"""How far two regions' texts differ beyond what two answers of one region differ.

Belongs here: excess divergence with interval and test. Does not belong here: measuring texts
(score.pairs).

The excess, twice the energy statistic of Székely & Rizzo (Journal of Statistical Planning and
Inference 143, 2013), is in truth 0 where answers of both regions are drawn from one pot.
"""

from collections.abc import Sequence

import polars as pl

from dagster_project.analyse import MIN_DAYS
from dagster_project.analyse.effects import (
    contrast_parts,
    these_questions,
    with_allowance,
    with_q_values,
)
from dagster_project.analyse.quality import PAIR
from dagster_project.analyse.reasons import status

MIN_REPEATED_QUESTIONS = 5
"""Questions with repeats in both regions."""

_SHOWN = (
    *("between_regions", "within_regions", "excess_divergence", "ci_low", "ci_high", "method"),
    *("p_value", "q_value"),
)


def text_effects(days: pl.DataFrame, keys: Sequence[str], family: Sequence[str]) -> pl.DataFrame:
    """Compare the texts of every two regions with their repeats, which are the noise floor.

    Args:
        days: One row per ``keys, region_a, region_b, question_id`` and ``job_day``: ``mean``, the
            mean divergence of two answers, null where it was not measured; a region with itself
            holds its repeats. Only answers of one model in one language.
        keys: Columns that name a group, such as period and model; carried through.
        family: Those of ``keys`` within which all tests are adjusted together.

    Returns:
        One row per ``keys, region_a, region_b``, sorted by them: ``questions``, of which
        ``questions_repeated`` on one day in both regions, on ``days``; over these
        ``between_regions, within_regions, excess_divergence`` with ``ci_low, ci_high, method,
        p_value, q_value`` (sign flips of days); ``status, reason``. Null unless ``status`` is ok.
    """
    grain = [*keys, *PAIR]
    rows = _beside(days, keys)
    repeated = pl.col("between").is_not_null() & pl.col("within").is_not_null()
    pairs = rows.group_by(grain).agg(
        questions=pl.col("question_id").n_unique().cast(pl.Int64),
        measured=pl.col("between").is_not_null().any(),
        questions_repeated=pl.col("question_id").filter(repeated).n_unique().cast(pl.Int64),
        days=pl.col("job_day").filter(repeated).n_unique().cast(pl.Int64),
    )
    parts = contrast_parts(
        rows.filter(repeated).select(
            *grain,
            "question_id",
            "job_day",
            contrasts=pl.lit(1),
            rate_a_total="between",
            rate_b_total="within",
        ),
        grain,
    )
    means = parts.group_by(grain).agg(
        between_regions=(pl.col("rate_a_total") * pl.col("weight")).sum(),
        within_regions=(pl.col("rate_b_total") * pl.col("weight")).sum(),
        excess_divergence=pl.col("part").sum(),
        risk_difference=pl.col("part").sum(),
        positive=pl.col("part").clip(0).sum(),
        negative=(-pl.col("part")).clip(0).sum(),
        worth=1 / (pl.col("weight") ** 2).sum(),
    )
    reason = (
        pl.when(~pl.col("measured"))
        .then(pl.lit("no_semantic_measure"))
        .when(pl.col("questions_repeated") == 0)
        .then(pl.lit("no_repeats"))
        .when(pl.col("questions_repeated") < MIN_REPEATED_QUESTIONS)
        .then(pl.lit("too_few_repeated_questions"))
        .when(pl.col("days") < MIN_DAYS)
        .then(pl.lit("too_few_days"))
    )
    tested = (
        pairs.join(means, on=grain, how="left", nulls_equal=True)
        .join(these_questions(parts, grain), on=grain, how="left", nulls_equal=True)
        .with_columns(status=status(reason, "no_semantic_measure", "no_repeats"), reason=reason)
        .with_columns(p_value=pl.when(pl.col("reason").is_null()).then("p_value"))
        .pipe(with_allowance)
        .pipe(with_q_values, family)
    )
    known = pl.col("reason").is_null()
    return tested.select(
        *grain,
        "questions",
        "questions_repeated",
        "days",
        *(pl.when(known).then(pl.col(name)).alias(name) for name in _SHOWN),
        "status",
        "reason",
    ).sort(grain)


def _beside(days: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Answers of two regions beside the repeats of both, which are null where there are none."""
    on = [*keys, "question_id", "job_day"]
    repeats = days.filter(pl.col("region_a") == pl.col("region_b"))
    rows = days.filter(pl.col("region_a") != pl.col("region_b")).rename({"mean": "between"})
    for side in ("a", "b"):
        within = repeats.select(*on, f"region_{side}", pl.col("mean").alias(f"within_{side}"))
        rows = rows.join(within, on=[*on, f"region_{side}"], how="left", nulls_equal=True)
    return rows.with_columns(within=(pl.col("within_a") + pl.col("within_b")) / 2)
