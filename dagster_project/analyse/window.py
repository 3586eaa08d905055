"""Analysing a window of job_days of the warehouse: reads daily counts, replaces the statistics.

Belongs here: what is locked, read and replaced (docs/decisions/0031-periods-from-daily-counts.md).
Does not belong here: any statistic.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from dagster_project.analyse import METHOD_VERSION, STATISTICS, SUMS
from dagster_project.analyse.frames import (
    CELLS,
    DISTANCES,
    JOB_CELLS,
    STARTS,
    VALUES,
    change_table,
    job_table,
    period_tables,
    text_table,
)
from dagster_project.analyse.periods import (
    COMPARED_KINDS,
    Period,
    compared_periods,
    touched_periods,
    with_baselines,
)
from dagster_project.partitions import Window
from dagster_project.postgres import connect, lock_table, read_sql
from dagster_project.score.scores import rounded, whole_jobs

PERIODS_AT_ONCE = 50
"""Periods whose counts are held in memory at a time."""

Connection = psycopg.Connection[TupleRow]


def analyse_window(warehouse_url: str, window: Window, batch_rows: int) -> None:
    """Replace the statistics of a window's jobs and of all periods that contain its days.

    All or nothing. Afterwards each of these periods is what all days now stored make of it,
    whichever days were done together or before.

    Args:
        warehouse_url: libpq URL of the warehouse, as owner.
        window: Job_days, UTC.
        batch_rows: Attempts held in memory at a time; a job that has more is held whole.
    """
    with (
        connect(warehouse_url, application="analyse-read", read_only=True) as source,
        connect(warehouse_url, application="analyse-write") as target,
    ):
        # Windows share periods: the second one waits and then reads what all days are by then.
        lock_table(target, "analytics.periods")
        _replace_jobs(source, target, window, batch_rows)
        periods = touched_periods(window)
        for first in range(0, len(periods), PERIODS_AT_ONCE):
            _replace_periods(target, periods[first : first + PERIODS_AT_ONCE])
        for kind in COMPARED_KINDS:
            _replace_changes(target, kind, [one.start for one in periods if one.kind == kind])


def _replace_jobs(source: Connection, target: Connection, window: Window, batch_rows: int) -> None:
    target.execute(read_sql("analyse/delete_jobs.sql"), vars(window))
    for cells in whole_jobs(_job_cells(source, window, batch_rows)):
        _insert(target, "job_verdicts", job_table(cells))


def _job_cells(source: Connection, window: Window, batch_rows: int) -> Iterator[pl.DataFrame]:
    with source.cursor(name="job_cells", binary=True) as cursor:
        cursor.execute(read_sql("analyse/job_cells.sql"), vars(window))
        while rows := cursor.fetchmany(batch_rows):
            yield pl.DataFrame(rows, schema=JOB_CELLS, orient="row")


def _replace_periods(target: Connection, periods: Sequence[Period]) -> None:
    bounds = _bounds((one.kind, one.start) for one in periods)
    for table in (*SUMS, *STATISTICS):
        _delete(target, table, bounds)
    ends = [one.end for one in periods]
    for table in SUMS:
        target.execute(read_sql(f"analyse/insert_{table}.sql"), {**bounds, "ends": ends})
    cells = _read(target, "question_outcomes", bounds, CELLS)
    for table, rows in period_tables(cells).items():
        _insert(target, table, rows)
    _insert(target, "text_divergence", text_table(_read(target, SUMS[1], bounds, DISTANCES)))


def _replace_changes(target: Connection, kind: str, touched: Sequence[date]) -> None:
    starts = _read(target, "series", {"kind": kind}, STARTS)
    compared = compared_periods(starts, touched)
    replaced = [*((kind, start) for start in touched), *compared.iter_rows()]
    _delete(target, "metric_changes", _bounds(replaced))
    if compared.is_empty():
        return
    needed = with_baselines(starts, compared)
    days = {"first_day": needed["period_start"].min(), "last_day": needed["period_start"].max()}
    values = _read(target, "values", {"kind": kind, **days}, VALUES)
    _insert(target, "metric_changes", change_table(values, needed, compared))


def _bounds(periods: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    listed = list(periods)
    return {"kinds": [kind for kind, _ in listed], "starts": [start for _, start in listed]}


def _read(
    target: Connection, name: str, parameters: Mapping[str, Any], schema: pl.Schema
) -> pl.DataFrame:
    rows = target.execute(read_sql(f"analyse/{name}.sql"), parameters, binary=True).fetchall()
    return pl.DataFrame(rows, schema=schema, orient="row")


def _delete(target: Connection, table: str, bounds: Mapping[str, Any]) -> None:
    statement = read_sql("analyse/delete_periods.sql").format(
        table=sql.Identifier("analytics", table)
    )
    target.execute(statement, bounds)


def _insert(target: Connection, table: str, rows: pl.DataFrame) -> None:
    versioned = rounded(rows.with_columns(method_version=pl.lit(METHOD_VERSION)))
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier("analytics", table),
        sql.SQL(", ").join(map(sql.Identifier, versioned.columns)),
    )
    with target.cursor().copy(statement) as copy:
        for row in versioned.iter_rows():
            copy.write_row(row)
