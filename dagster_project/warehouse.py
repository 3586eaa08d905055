"""The warehouse's own schema: applies ``sql/`` in order. Does not build dbt models."""

from pathlib import Path

import psycopg

from dagster_project.paths import SQL_DIR
from dagster_project.postgres import connect, lock_table, read_sql, sql_files

FOLDERS = ("warehouse", "functions")


def create_schema(url: str) -> None:
    """Create or update schemas, tables and functions; changes nothing when run again.

    Args:
        url: libpq URL of the warehouse, as owner.
    """
    with connect(url, application="schema") as connection:
        lock_table(connection, "schema")
        for folder in FOLDERS:
            for path in sql_files(folder):
                _apply(connection, path)


def _apply(connection: psycopg.Connection[tuple[object, ...]], path: Path) -> None:
    statement = read_sql(str(path.relative_to(SQL_DIR)))
    connection.execute(statement)
