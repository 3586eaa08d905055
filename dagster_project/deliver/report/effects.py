"""The statistics of a report's days: stored ones of a period, or rates alone of any other days.

Belongs here: where the rows come from. Does not belong here: any statistic. Months and everything
have verdicts; other days are described by their rates (dagster_project.analyse.window.rates).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, TypeVar

import polars as pl

from dagster_project.analyse.periods import END_OF_TIME, Period, touched_periods
from dagster_project.analyse.window import OUTCOMES, rates
from dagster_project.deliver.report.read import Connection, Row, rows_of
from dagster_project.deliver.report.results import (
    ModelVerdict,
    PairEffect,
    RegionRate,
    TextEffect,
)
from dagster_project.partitions import START_DATE, Window
from dagster_project.score.scores import rounded

ORDER = ("model_id", "region", "region_a", "region_b")
TABLES = ("model_verdicts", "region_rates", "region_pair_effects", "text_divergence")

Value = TypeVar("Value", ModelVerdict, PairEffect, RegionRate, TextEffect)
Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class Effects:
    """What the statistics say about some days, each sorted by model and region."""

    verdicts: Sequence[ModelVerdict]
    rates: Sequence[RegionRate]
    pairs: Sequence[PairEffect]
    texts: Sequence[TextEffect]


def read_effects(connection: Connection, days: Window) -> Effects:
    """Read or make the statistics of some days.

    Args:
        connection: A snapshot.
        days: Job_days.

    Returns:
        The statistics.
    """
    period = period_of(days)
    rows = _made(connection, days) if period is None else _stored(connection, period)
    return Effects(
        verdicts=_values(ModelVerdict, rows["model_verdicts"]),
        rates=_values(RegionRate, rows["region_rates"]),
        pairs=_values(PairEffect, rows["region_pair_effects"]),
        texts=_values(TextEffect, rows["text_divergence"]),
    )


def period_of(days: Window) -> Period | None:
    """Return the period of the statistics that is exactly some days.

    Args:
        days: Job_days.

    Returns:
        A day, ISO week, month or everything; None when the days are none of these.
    """
    if days == EVERYTHING:
        return Period("all", days.start, days.end)
    first = touched_periods(Window.of_day(days.start))
    return next((one for one in first if (one.start, one.end) == (days.start, days.end)), None)


EVERYTHING = Window(START_DATE, END_OF_TIME)


def _stored(connection: Connection, period: Period) -> Rows:
    values = {"period_kind": period.kind, "period_start": period.start}
    return {table: rows_of(connection, f"deliver/report/{table}", values) for table in TABLES}


def _made(connection: Connection, days: Window) -> Rows:
    values = {"first_day": days.start, "last_day": days.end - timedelta(days=1)}
    outcomes = rows_of(connection, "deliver/report/days_outcomes", values)
    made = rates(pl.DataFrame(outcomes, schema=OUTCOMES)).filter(pl.col("metric") == "refusal_rate")
    # As they are stored, so that both ways give the same numbers.
    return {name: [] for name in TABLES} | {"region_rates": rounded(made).to_dicts()}


def _values(kind: type[Value], rows: Sequence[dict[str, Any]]) -> list[Value]:
    names = [field.name for field in fields(kind)]
    by = [name for name in ORDER if name in names]
    ordered = sorted(rows, key=lambda row: [row[name] for name in by])
    return [kind(**{name: row[name] for name in names}) for row in ordered]
