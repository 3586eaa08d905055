"""Reads the jobs of some days for their report. Decides and formats nothing."""

from datetime import timedelta
from typing import Any

from dagster_project.deliver.report.effects import EVERYTHING, read_effects
from dagster_project.deliver.report.read import (
    Connection,
    read_provenance,
    values_of,
)
from dagster_project.deliver.report.results import (
    Incident,
    JobsInState,
    MetricChange,
    NotableJob,
    OverviewData,
    Totals,
    TrendPoint,
    WeekOfSlots,
)
from dagster_project.partitions import Window

MOST_DAYS_BY_DAY = 21
"""Longer reports show their trend by week."""


def read_overview(connection: Connection, window: Window | None) -> OverviewData:
    """Read what a report about some days shows.

    Args:
        connection: A `snapshot`.
        window: The days; None for all.

    Returns:
        The data; bounded by models, regions and periods, never by answers.
    """
    days = EVERYTHING if window is None else window
    effects = read_effects(connection, days)
    by_day = (days.end - days.start).days <= MOST_DAYS_BY_DAY
    values: dict[str, Any] = {
        "first_day": days.start,
        "last_day": days.end - timedelta(days=1),
        "trend_kind": "day" if by_day else "iso_week",
    }
    (totals,) = values_of(connection, Totals, "deliver/report/totals", values)
    return OverviewData(
        window=window,
        trend_kind=values["trend_kind"],
        totals=totals,
        provenance=read_provenance(connection, values["first_day"], values["last_day"]),
        verdicts=effects.verdicts,
        rates=effects.rates,
        pairs=effects.pairs,
        texts=effects.texts,
        trend=values_of(connection, TrendPoint, "deliver/report/trend", values),
        changes=values_of(connection, MetricChange, "deliver/report/metric_changes", values),
        weeks=values_of(connection, WeekOfSlots, "deliver/report/weeks_of_slots", values),
        states=values_of(connection, JobsInState, "deliver/report/job_states", values),
        incidents=values_of(connection, Incident, "deliver/report/incidents", values),
        jobs=values_of(connection, NotableJob, "deliver/report/notable_jobs", values),
    )
