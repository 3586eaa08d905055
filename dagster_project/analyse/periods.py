"""The periods of the statistics: days, ISO weeks, months, everything.

Belongs here: which periods a window of job_days touches, and which later ones compare themselves
with them. Does not belong here: any statistic.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from dagster_project.analyse.drift import BASELINE_PERIODS
from dagster_project.partitions import START_DATE, Window

KINDS = ("day", "iso_week", "month", "all")
COMPARED_KINDS = ("day", "iso_week", "month")
"""Kinds with more than one period, so that one can be compared with those before it."""

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


def compared_periods(starts: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Find the periods whose comparison with earlier ones may change with a window.

    Args:
        starts: ``period_kind, period_start`` and any columns that name a series: the periods in
            which each series has data.
        window: Job_days, half-open, UTC.

    Returns:
        ``period_kind, period_start``, each once: touched periods with data, and those that have a
        touched one in their baseline.
    """
    touched = pl.DataFrame(
        [(one.kind, one.start) for one in touched_periods(window)],
        schema={"period_kind": pl.String, "period_start": pl.Date},
        orient="row",
    )
    bounds = touched.group_by("period_kind").agg(
        first=pl.col("period_start").min(), last=pl.col("period_start").max()
    )
    series = [name for name in starts.columns if name != "period_start"]
    later = pl.col("period_start") > pl.col("last")
    return (
        starts.unique()
        .join(bounds, on="period_kind")
        .filter(pl.col("period_start") >= pl.col("first"))
        .sort("period_start")
        .filter(later.cum_sum().over(series) <= BASELINE_PERIODS)
        .select("period_kind", "period_start")
        .unique()
        .sort("period_kind", "period_start")
    )
