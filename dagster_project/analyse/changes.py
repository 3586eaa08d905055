"""Which weeks and months moved beyond what their days explain.

Belongs here: comparing a period of one series with the periods before it. Does not belong here:
comparing regions (effects), storing anything.
"""

from collections.abc import Sequence

import polars as pl
from scipy.stats import t

from dagster_project.analyse import ALPHA
from dagster_project.analyse.periods import BASELINE_PERIODS
from dagster_project.analyse.reasons import status

MIN_CHANGE_QUESTIONS = 3
MIN_CHANGE_DAYS = 4
"""Days of the period, and of its baseline."""
COMPARISONS = 16
"""Weeks and months of 90 days: an alarm in any of them is as likely as p times this."""

_SIDES = ("now", "before")


def metric_changes(values: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Compare each period of a series with up to four before it, question by question.

    Days are the clusters, since what shifts all answers of a day is no change. Each question is
    compared with itself, so a period that happens to ask other questions does not seem to have
    moved.

    Args:
        values: One row per ``keys, period_start, job_day`` and ``question_id``: ``total`` over
            ``n`` answers or pairs, n above 0.
        keys: Columns that name a series, such as metric, kind of period, model and region.

    Returns:
        One row per ``keys`` and ``period_start``, sorted by them: ``baseline_start,
        baseline_periods, questions, days``; over the questions of both ``estimate, baseline,
        change`` with ``ci_low, ci_high, method, p_value, q_value`` (p times ``COMPARISONS``);
        ``has_moved`` where q is below 5 %; ``status, reason``. Null unless ``status`` is ok.
    """
    grain = [*keys, "period_start"]
    periods = _baselines(values, keys)
    compared = _compared(_sides(values, periods, keys))
    reason = (
        pl.when(pl.col("baseline_periods") == 0)
        .then(pl.lit("no_earlier_period"))
        .when(pl.col("questions") < MIN_CHANGE_QUESTIONS)
        .then(pl.lit("too_few_common_questions"))
        .when(pl.min_horizontal("days", "days_before") < MIN_CHANGE_DAYS)
        .then(pl.lit("too_few_days"))
    )
    changes = periods.join(compared, on="_period", how="left").with_columns(
        pl.col("questions", "days", "days_before").fill_null(0)
    )
    known = reason.is_null()
    shown = ("estimate", "baseline", "change", "ci_low", "ci_high", "p_value", "q_value")
    return changes.select(
        *grain,
        "baseline_start",
        "baseline_periods",
        "questions",
        "days",
        *(pl.when(known).then(pl.col(name)).alias(name) for name in shown),
        method=pl.when(known).then(pl.lit("welch_days")),
        has_moved=pl.when(known).then(pl.col("q_value") < ALPHA),
        status=status(reason, "no_earlier_period"),
        reason=reason,
    ).sort(grain)


def _baselines(values: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """For each period, ``_period``, its number in its series, and its baseline."""
    start, number = pl.col("period_start"), pl.col("_number")
    return (
        values.select(*keys, "period_start")
        .unique()
        .sort(*keys, "period_start")
        .with_columns(_number=pl.int_range(pl.len()).over(keys))
        .with_columns(
            baseline_periods=number.clip(0, BASELINE_PERIODS),
            baseline_start=pl.when(number > BASELINE_PERIODS)
            .then(start.shift(BASELINE_PERIODS).over(keys))
            .when(number > 0)
            .then(start.first().over(keys)),
        )
        .with_row_index("_period")
    )


def _sides(values: pl.DataFrame, periods: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Values of each period, ``side`` now, beside those of its baseline, of shared questions."""
    lag = pl.col("_lag")
    sources = (
        periods.select(*keys, "_period", "_number")
        .join(pl.DataFrame({"_lag": range(BASELINE_PERIODS + 1)}), how="cross")
        .select(
            *keys,
            "_period",
            _number=pl.col("_number") - lag,
            side=pl.when(lag == 0).then(pl.lit(_SIDES[0])).otherwise(pl.lit(_SIDES[1])),
        )
        .join(
            periods.select(*keys, "_number", "period_start"),
            on=[*keys, "_number"],
            nulls_equal=True,
        )
    )
    return (
        values.join(sources, on=[*keys, "period_start"], nulls_equal=True)
        .select("_period", "side", "question_id", "job_day", "total", "n")
        .filter(pl.col("side").n_unique().over("_period", "question_id") == len(_SIDES))
        .sort("question_id", "job_day")
    )


def _compared(sides: pl.DataFrame) -> pl.DataFrame:
    grain = ["_period"]
    question = [*grain, "question_id"]
    asked = pl.len().over(question)
    n = pl.col("n").sum().over([*question, "side"])
    usual = pl.col("total").sum().over(question) / pl.col("n").sum().over(question)
    questions = pl.col("question_id").n_unique().over(grain)
    parts = sides.with_columns(
        part=pl.col("total") / (n * questions),
        # A question that was asked on few days has been fitted by its mean.
        residual=(pl.col("total") - pl.col("n") * usual)
        / (n * questions)
        * (asked / (asked - 1)).sqrt(),
        weight=pl.col("n") / (n * questions),
        questions=questions,
    )
    days = parts.group_by([*grain, "side", "job_day"], maintain_order=True).agg(
        pl.col("part", "residual", "weight").sum(), pl.col("questions").first()
    )
    shift = pl.col("residual").sum().over([*grain, "side"])
    error = pl.col("residual") - shift * pl.col("weight")
    summed = (
        days.with_columns(error=error)
        .group_by([*grain, "side"], maintain_order=True)
        .agg(
            pl.col("part").sum(),
            pl.col("questions").first().cast(pl.Int64),
            days=pl.len().cast(pl.Int64),
            variance=(pl.col("error") ** 2).sum() * pl.len() / (pl.len() - 1),
        )
    )
    now, before = (summed.filter(side=side).drop("side") for side in _SIDES)
    both = now.join(before, on=grain, suffix="_before", nulls_equal=True).with_columns(
        change=pl.col("part") - pl.col("part_before"),
        error=(pl.col("variance") + pl.col("variance_before")).sqrt(),
        degrees=pl.min_horizontal("days", "days_before") - 1,
    )
    degrees = both["degrees"].clip(1).to_numpy()
    size = (both["change"].abs() / both["error"]).fill_nan(0.0).to_numpy()
    half = pl.col("error") * pl.lit(pl.Series(t.ppf(1 - ALPHA / 2, degrees), dtype=pl.Float64))
    p_value = pl.lit(pl.Series(2 * t.sf(size, degrees), dtype=pl.Float64))
    return both.select(
        *grain,
        "questions",
        "days",
        "days_before",
        "change",
        estimate="part",
        baseline="part_before",
        ci_low=(pl.col("change") - half).clip(-1, 1),
        ci_high=(pl.col("change") + half).clip(-1, 1),
        p_value=p_value,
        q_value=(p_value * COMPARISONS).clip(0, 1),
    )
