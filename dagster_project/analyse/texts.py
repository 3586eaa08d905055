"""How far two regions' texts differ beyond what two answers of one region differ.

Belongs here: excess divergence with interval and test. Does not belong here: measuring texts
(score.pairs).
"""

from collections.abc import Sequence

import polars as pl

from dagster_project.analyse.adjustment import with_q_values
from dagster_project.analyse.differences import Comparison, mean_differences
from dagster_project.analyse.reasons import status

MIN_REPEATED_QUESTIONS = 5
"""Questions with repeats in both regions."""

_COMPARISON = Comparison("between", "within", MIN_REPEATED_QUESTIONS, only_above=True)
_NAMES = {"first": "between", "second": "within", "difference": "excess"}


def text_effects(
    distances: pl.DataFrame, keys: Sequence[str], family: Sequence[str]
) -> pl.DataFrame:
    """Compare the texts of every two regions with their repeats, which are the noise floor.

    Args:
        distances: One row per ``keys, region_a, region_b`` and ``question_id``: ``between``, the
            mean distance of an answer of one region to one of the other, and ``within_a,
            within_b``, that of two answers of one region, null where there was only one. Only
            answers of one model in one language.
        keys: Columns that name a group, such as period and model; carried through.
        family: Those of ``keys`` within which all tests are adjusted together.

    Returns:
        One row per ``keys, region_a, region_b``, sorted by them: ``questions``, of which
        ``questions_repeated`` in both regions; over these ``between, within`` and ``excess``, the
        mean per question of between minus within, with ``ci_low, ci_high, method, p_value,
        q_value``; ``status, reason``. Values are null unless ``status`` is ok. The test is
        one-sided: the truth cannot be below 0, because this distance is of negative type (Székely
        & Rizzo, Journal of Statistical Planning and Inference 143, 2013).
    """
    grain = [*keys, "region_a", "region_b"]
    within = (pl.col("within_a") + pl.col("within_b")) / 2
    rows = distances.with_columns(within=within).sort("question_id")
    repeated = pl.col("within").is_not_null()
    pairs = rows.group_by(grain).agg(
        questions=pl.len().cast(pl.Int64), questions_repeated=repeated.sum().cast(pl.Int64)
    )
    effects = mean_differences(rows.filter(repeated), grain, _COMPARISON).rename(_NAMES)
    reason = (
        pl.when(pl.col("questions_repeated") == 0)
        .then(pl.lit("no_repeats"))
        .when(pl.col("questions_repeated") < MIN_REPEATED_QUESTIONS)
        .then(pl.lit("too_few_repeated_questions"))
    )
    return (
        with_q_values(pairs.join(effects, on=grain, how="left", nulls_equal=True), family)
        .with_columns(status=status(reason, "no_repeats"), reason=reason)
        .select(
            *grain,
            "questions",
            "questions_repeated",
            *effects.drop(grain).columns,
            "q_value",
            "status",
            "reason",
        )
        .sort(grain)
    )
