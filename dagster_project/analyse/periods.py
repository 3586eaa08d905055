"""The periods of the statistics: days, ISO weeks, months, everything.

Belongs here: which periods a window of job_days touches, and which later ones compare themselves
with them. Does not belong here: any statistic.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from dagster_project.partitions import START_DATE, Window

KINDS = ("day", "iso_week", "month", "all")
COMPARED_KINDS = {"iso_week": "1w", "month": "1mo"}
"""Kinds whose periods are compared with those before them, and how polars truncates to them."""
BASELINE_PERIODS = 4
"""Earlier periods with data that a period is compared with."""
JUDGED_KINDS = ("month", "all")
"""Kinds that have effects and verdicts; the others are described only."""

END_OF_TIME = date(9999, 1, 1)


@dataclass(frozen=True, order=True)
class Period:
    """A half-open range of job_days [start, end) in UTC that statistics are made for.

    Attributes:
        kind: day, iso_week (from Monday), month or all.
        start: First job_day; of ``all`` the first partition.
        end: The day after the last one.
    """

    kind: str
    start: date
    end: date


def touched_periods(window: Window) -> list[Period]:
    """Return the periods that contain a day of a window: what a change of these days changes.

    Args:
        window: Job_days, half-open, UTC.

    Returns:
        Each period once, by kind and start.
    """
    return sorted({period for day in window.days for period in _periods_of(day)})


def _periods_of(day: date) -> Iterator[Period]:
    monday = day - timedelta(days=day.weekday())
    first = day.replace(day=1)
    yield Period("day", day, day + timedelta(days=1))
    yield Period("iso_week", monday, monday + timedelta(days=7))
    yield Period("month", first, (first + timedelta(days=31)).replace(day=1))
    yield Period("all", START_DATE, END_OF_TIME)


def compared_periods(starts: pl.DataFrame, touched: Sequence[date]) -> pl.DataFrame:
    """Find the periods whose comparison with earlier ones may change with some periods.

    Args:
        starts: ``period_kind, period_start`` and the columns that name a series: the periods of
            one kind in which each series has data, each once.
        touched: Starts of the periods that may have changed, one at least.

    Returns:
        ``period_kind, period_start``, each once: touched periods with data, and those that have a
        touched one in their baseline.
    """
    is_later = pl.col("period_start") > max(touched)
    return (
        starts.sort("period_start")
        .filter(
            pl.col("period_start") >= min(touched),
            is_later.cum_sum().over(_series(starts)) <= BASELINE_PERIODS,
        )
        .select("period_kind", "period_start")
        .unique()
    )


def with_baselines(starts: pl.DataFrame, compared: pl.DataFrame) -> pl.DataFrame:
    """Find the periods that are needed to compare some with those before them.

    Args:
        starts: As for ``compared_periods``.
        compared: Its result.

    Returns:
        Rows of ``starts``: from the first compared period to the last, and of each series as many
        before them as a baseline has.
    """
    start = pl.col("period_start")
    first, last = compared["period_start"].min(), compared["period_start"].max()
    is_earlier = start < first
    return starts.sort("period_start").filter(
        start <= last,
        ~is_earlier | (is_earlier.cum_sum(reverse=True).over(_series(starts)) <= BASELINE_PERIODS),
    )


def _series(starts: pl.DataFrame) -> list[str]:
    return [name for name in starts.columns if name != "period_start"]
