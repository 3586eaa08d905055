"""One snapshot of the warehouse, and queries on it that give values. Decides nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row, dict_row

from dagster_project.deliver.report.results import Provenance
from dagster_project.postgres import connect, read_sql

Connection = psycopg.Connection[Any]
Row = dict[str, Any]
Kind = TypeVar("Kind")


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """Open a session in which every query sees the same state.

    Args:
        url: libpq URL of the warehouse.

    Yields:
        The session; it can only read.
    """
    with connect(url, application="report", read_only=True) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield connection


def read_provenance(
    connection: Connection, first_day: date, last_day: date, job_id: str | None = None
) -> Provenance:
    """Read where jobs come from.

    Args:
        connection: A `snapshot`.
        first_day: First job_day, inclusive.
        last_day: Last job_day, inclusive.
        job_id: Only this job; None for all.

    Returns:
        The counts.
    """
    values = {"first_day": first_day, "last_day": last_day, "job_id": job_id}
    (found,) = values_of(connection, Provenance, "deliver/report/provenance", values)
    return found


def values_of(connection: Connection, kind: type[Kind], name: str, values: Row) -> list[Kind]:
    """Run a query of ``sql/`` and return its rows as values.

    Args:
        connection: A `snapshot`.
        kind: Class whose attributes are the columns.
        name: Query below ``sql/``, without its ending.
        values: Parameters of the query.

    Returns:
        One value per row.
    """
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(read_sql(f"{name}.sql"), values).fetchall()


def rows_of(connection: Connection, name: str, values: Row) -> list[Row]:
    """Run a query of ``sql/`` and return its rows by column.

    Args:
        connection: A `snapshot`.
        name: Query below ``sql/``, without its ending.
        values: Parameters of the query.

    Returns:
        One dictionary per row.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(read_sql(f"{name}.sql"), values).fetchall()
