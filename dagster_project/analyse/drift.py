"""Which periods moved beyond what noise explains.

Belongs here: comparing a period of one series with the periods before it. Does not belong here:
comparing regions (pairs, texts), storing anything.
"""

from collections.abc import Sequence

import polars as pl

from dagster_project.analyse.adjustment import with_q_values
from dagster_project.analyse.differences import Comparison, mean_differences
from dagster_project.analyse.pairs import MIN_PAIRS
from dagster_project.analyse.reasons import status
from dagster_project.analyse.resampling import ALPHA

BASELINE_PERIODS = 4
"""Earlier periods with data that a period is compared with."""

_COMPARISON = Comparison("now", "before", MIN_PAIRS)
_NAMES = {"first": "estimate", "second": "baseline", "difference": "change"}


def metric_changes(
    values: pl.DataFrame, keys: Sequence[str], family: Sequence[str]
) -> pl.DataFrame:
    """Compare each period of a series with up to four before it, question by question.

    Each question is compared with itself, so a period that happens to ask other questions does not
    seem to have moved.

    Args:
        values: One row per ``keys, period_start`` and ``question_id``: ``total`` over ``n``
            answers or pairs, n above 0; the question's value is total / n.
        keys: Columns that name a series, such as metric, kind of period, model and region.
        family: Those of ``keys`` within which all tests are adjusted together, over all periods.

    Returns:
        One row per ``keys`` and ``period_start``, sorted by them: ``baseline_start`` and the number
        of ``baseline_periods``; over the ``questions`` of both ``estimate, baseline, change`` with
        ``ci_low, ci_high, method, p_value`` (sign-flip permutation) and ``q_value``; ``has_moved``
        where q is below 5 % and the interval excludes 0; ``status, reason``. Values are null unless
        ``status`` is ok.
    """
    grain = [*keys, "period_start"]
    periods = _baselines(values, keys)
    matched = _matched(values, periods, keys)
    counts = matched.group_by(grain).agg(questions=pl.len().cast(pl.Int64))
    reason = (
        pl.when(pl.col("baseline_periods") == 0)
        .then(pl.lit("no_earlier_period"))
        .when(pl.col("questions") < MIN_PAIRS)
        .then(pl.lit("too_few_common_questions"))
    )
    compared = mean_differences(matched, grain, _COMPARISON).rename(_NAMES)
    moved = (pl.col("q_value") < ALPHA) & ((pl.col("ci_low") > 0) | (pl.col("ci_high") < 0))
    changes = (
        periods.join(counts, on=grain, how="left", nulls_equal=True)
        .join(compared, on=grain, how="left", nulls_equal=True)
        .with_columns(pl.col("questions").fill_null(0))
    )
    return (
        with_q_values(changes, family)
        .with_columns(has_moved=moved, status=status(reason, "no_earlier_period"), reason=reason)
        .select(
            *grain,
            "baseline_start",
            "baseline_periods",
            "questions",
            *compared.drop(grain).columns,
            "q_value",
            "has_moved",
            "status",
            "reason",
        )
        .sort(grain)
    )


def _baselines(values: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """For each period its number in its series, and its baseline."""
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
    )


def _matched(values: pl.DataFrame, periods: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Values of the questions that a period shares with its baseline."""
    on = [*keys, "question_id", "_number"]
    numbered = values.join(
        periods.select(*keys, "period_start", "_number"),
        on=[*keys, "period_start"],
        nulls_equal=True,
    )
    lags = pl.DataFrame({"_lag": range(1, BASELINE_PERIODS + 1)})
    before = (
        numbered.drop("period_start")
        .join(lags, how="cross")
        .with_columns(_number=pl.col("_number") + pl.col("_lag"))
        .sort("_lag")
        .group_by(on, maintain_order=True)
        .agg(before=pl.col("total").sum() / pl.col("n").sum())
    )
    now = numbered.with_columns(now=pl.col("total") / pl.col("n"))
    return now.join(before, on=on, nulls_equal=True).sort("question_id")
