"""Whether every source row is where it belongs: source, ``raw`` and unified attempts per job_day.

Belongs here: counting and comparing. Does not belong here: what a check looks like (checks.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from dagster_project.backfill.plan import DayPlan
from dagster_project.backfill.stages import STAGES
from dagster_project.extract.forgotten import forgotten_rows
from dagster_project.extract.published import analysis_is_native, is_native
from dagster_project.extract.schema import TABLES
from dagster_project.extract.window import window_parameters, window_tables
from dagster_project.partitions import ALL_DAYS, Window
from dagster_project.postgres import connect, connect_source, read_sql, source_transaction
from dagster_project.stage import Databases, reread

UNIFIED_BY = "unify"
"""Name of the stage after which rows are compared."""

NO_WINDOW = sql.SQL("with no_window as (select)")
"""Stands where a query over the source has the CTEs of its window."""


class Rows(NamedTuple):
    """Number of rows of one table on one day, and their order-independent hash."""

    number: int
    content_hash: str


NONE = Rows(0, "")


@dataclass(frozen=True)
class Difference:
    """One table on one job_day of which two sides do not hold the same rows.

    Attributes:
        job_day: The day, UTC.
        source_table: One of the six tables.
        left: Name of the side that is right: ``source`` or ``raw``.
        right: Name of the other: ``raw`` or ``unified``.
        expected: Rows of the left side.
        found: Rows of the right side.
    """

    job_day: date
    source_table: str
    left: str
    right: str
    expected: Rows
    found: Rows

    def __str__(self) -> str:
        """Say it in a line."""
        what = (
            "with other content"
            if self.expected.number == self.found.number
            else f"{self.expected.number - self.found.number:+d} missing"
        )
        return (
            f"{self.job_day} {self.source_table}: {self.expected.number} rows in {self.left}, "
            f"{self.found.number} in {self.right}, {what}"
        )


Side = Mapping[tuple[date, str], Rows]


def comparable_days(days: Sequence[DayPlan]) -> set[date]:
    """Return the days that are copied and unified as the source is now.

    Args:
        days: The plan.

    Returns:
        Those that wait for no stage up to unify; the others differ by right.
    """
    stages = [stage.name for stage in STAGES]
    later = {None, *stages[stages.index(UNIFIED_BY) + 1 :]}
    return {day.job_day for day in days if day.stage in later and not day.source_changed}


def differences(databases: Databases, window: Window) -> list[Difference]:
    """Compare source with ``raw``, and ``raw`` with the unified attempts.

    A row that could not be stored and is in ``ops.quarantine`` is not missed, nor is one of a
    forgotten job.

    Args:
        databases: Source and warehouse.
        window: Job_days, half-open, UTC.

    Returns:
        What differs, on any day; see `comparable_days`.
    """
    days = {"start": window.start, "end": window.end}
    with (
        connect(databases.warehouse, application="reconcile", read_only=True) as warehouse,
        connect_source(databases.runner, application="reconcile") as source,
        source_transaction(source),
    ):
        left_out = [
            *warehouse.execute(read_sql("backfill/reconcile_quarantined.sql"), days).fetchall(),
            *forgotten_rows(source, warehouse, window_tables(), window_parameters(window)),
        ]
        parameters = {
            **window_parameters(window),
            "tables": [table for table, _ in left_out],
            "ids": [row_id for _, row_id in left_out],
        }
        in_source = _hashes(source, window_tables(), "window_{}", "beacon_job_day", parameters)
        in_raw = _hashes(warehouse, NO_WINDOW, "raw.{}", "job_day", parameters)
        unified: dict[str, dict[tuple[date, str], Rows]] = {"raw": {}, "unified": {}}
        for side, table, day, *rows in warehouse.execute(
            read_sql("backfill/reconcile_unified_hashes.sql"), days
        ):
            unified[side][day, table] = Rows(*rows)
    return [
        *compare("source", in_source, "raw", in_raw),
        *compare("raw", unified["raw"], "unified", unified["unified"]),
    ]


def compare(left: str, expected: Side, right: str, found: Side) -> list[Difference]:
    """Return where two sides differ.

    Args:
        left: Name of the side that is right.
        expected: Its rows by day and table.
        right: Name of the other side.
        found: Its rows by day and table.

    Returns:
        One entry per day and table of which count or hash differ, ordered by both.
    """
    return [
        Difference(*key, left, right, expected.get(key, NONE), found.get(key, NONE))
        for key in sorted({*expected, *found})
        if expected.get(key, NONE) != found.get(key, NONE)
    ]


def _hashes(
    connection: psycopg.Connection[Any],
    window: sql.Composable,
    name: str,
    job_day: str,
    parameters: Mapping[str, object],
) -> dict[tuple[date, str], Rows]:
    tables = {table: sql.Identifier(*name.format(table).split(".")) for table in TABLES}
    statement = read_sql("backfill/reconcile_row_hashes.sql").format(
        window=window, day=sql.Identifier("w", job_day), **tables
    )
    rows = connection.execute(statement, parameters).fetchall()
    return {(day, table): Rows(*values) for table, day, *values in rows}


def rows_without_day(runner_url: str) -> Sequence[str]:
    """Name the source tables of which some rows belong to no job_day, or to two.

    Args:
        runner_url: libpq URL of the runner's database.

    Returns:
        A line per table; empty when all is well.
    """
    statement = read_sql("backfill/reconcile_rows_without_day.sql").format(
        window=window_tables(),
        result_is_native=is_native("region_results", "cross_region_execution_id"),
        analysis_is_native=sql.SQL("{} and {}").format(
            is_native("cross_region_analyses", "cross_region_execution_id"),
            analysis_is_native("cross_region_analyses"),
        ),
    )

    def read() -> list[tuple[Any, ...]]:
        with (
            connect_source(runner_url, application="reconcile") as source,
            source_transaction(source),
        ):
            return source.execute(statement, window_parameters(ALL_DAYS)).fetchall()

    found = reread(read)
    return [f"{table}: {rows} rows, {with_day} in job_days" for table, rows, with_day in found]
