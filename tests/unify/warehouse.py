"""Puts source rows into a built warehouse, runs dbt on their days, reads what came of it."""

from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from dagster_project.backfill.stages import UNIFIED
from dagster_project.partitions import Window
from dagster_project.stage import TestResult
from dagster_project.unify.setup import build_window
from dagster_project.warehouse import ensure_months
from tests.reference.rows import DAY

Row = dict[str, Any]

ONE_DAY = Window.of_day(DAY)


def load(url: str, tables: dict[str, list[Row]]) -> None:
    """Insert rows into ``raw``.

    Args:
        url: libpq URL of the warehouse.
        tables: Rows by table name; a dict or list in a column becomes jsonb.
    """
    with psycopg.connect(url) as connection:
        for table, rows in tables.items():
            for row in rows:
                ensure_months(connection, f"raw.{table}", [row["job_day"]])
                connection.execute(
                    _insert(table, row), [_parameter(value) for value in row.values()]
                )


def unify(url: str, window: Window = ONE_DAY) -> list[TestResult]:
    """Replace a window of the unified tables and run their data tests."""
    return build_window(url, UNIFIED, window)


def read(url: str, query: str, *parameters: object) -> list[Row]:
    """Return the rows of a query as dicts."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


def execute(url: str, statement: str) -> None:
    """Run one statement and commit."""
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def _insert(table: str, row: Row) -> sql.Composed:
    return sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier("raw", table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )


def _parameter(value: object) -> object:
    return Jsonb(value) if isinstance(value, dict | list) else value
