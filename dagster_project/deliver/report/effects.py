"""The statistics of a report's days: stored ones of a period, or made anew for any other days.

Belongs here: where the rows come from. Does not belong here: any statistic. The same functions on
the same daily counts make both (dagster_project.analyse.frames).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, TypeVar

import polars as pl

from dagster_project.analyse.frames import CELLS, DISTANCES, period_tables, text_table
from dagster_project.analyse.periods import END_OF_TIME, Period, touched_periods
from dagster_project.analyse.verdicts import verdict_of_pairs
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

JUDGED = pl.Schema(
    {
        "region_a": pl.String(),
        "region_b": pl.String(),
        "risk_difference": pl.Float64(),
        "ci_low": pl.Float64(),
        "ci_high": pl.Float64(),
        "p_value": pl.Float64(),
        "q_value": pl.Float64(),
        "minimum_detectable_effect": pl.Float64(),
        "is_equivalent": pl.Boolean(),
        "status": pl.String(),
        "reason": pl.String(),
    }
)
"""Columns of a pair that its verdict depends on."""

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
        pairs=_values(PairEffect, _judged(rows["region_pair_effects"])),
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
    cells = _frame(rows_of(connection, "deliver/report/days_outcomes", values), CELLS)
    distances = _frame(rows_of(connection, "deliver/report/days_distances", values), DISTANCES)
    tables = {**period_tables(cells), "text_divergence": text_table(distances)}
    is_shown = pl.col("metric") == "refusal_rate"
    tables["region_rates"] = tables["region_rates"].filter(is_shown)
    # As they are stored, so that both ways give the same numbers.
    return {name: rounded(tables[name]).to_dicts() for name in TABLES}


def _frame(rows: list[Row], schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema)


def _judged(pairs: list[Row]) -> list[Row]:
    """Add each pair's own verdict, by the rule that judges a model."""
    rows = [{name: pair[name] for name in JUDGED} for pair in pairs]
    frame = pl.DataFrame(rows, schema=JUDGED).with_row_index("row")
    verdicts = verdict_of_pairs(frame, ["row"]).sort("row")["verdict"]
    return [{**pair, "verdict": verdict} for pair, verdict in zip(pairs, verdicts, strict=True)]


def _values(kind: type[Value], rows: Sequence[dict[str, Any]]) -> list[Value]:
    names = [field.name for field in fields(kind)]
    by = [name for name in ORDER if name in names]
    ordered = sorted(rows, key=lambda row: [row[name] for name in by])
    return [kind(**{name: row[name] for name in names}) for row in ordered]
