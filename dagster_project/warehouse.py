"""The warehouse's own schema: applies ``sql/`` in order. Does not build dbt models."""

from pathlib import Path

import psycopg
from psycopg import errors

from dagster_project.paths import SQL_DIR
from dagster_project.postgres import connect, lock_table, read_sql, sql_files

FOLDERS = ("upgrades", "warehouse", "functions")
ROLES_FOLDER = "roles/warehouse"
SETUP_LOCK = "dbt"
"""Held alone while views are built anew; shared by whoever needs them to stay as they are."""


def create_schema(url: str) -> tuple[str, ...]:
    """Create or update schemas, tables, functions, roles and grants; the same when run again.

    Args:
        url: libpq URL of the warehouse, as owner.

    Returns:
        One message for each reading role that was left out, for example because it does not exist
        and the owner may not create roles.
    """
    with connect(url, application="schema") as connection:
        lock_table(connection, "schema")
        for folder in FOLDERS:
            for path in sql_files(folder):
                _apply(connection, path)
        skipped = [_apply_role(connection, path) for path in sql_files(ROLES_FOLDER)]
    return tuple(message for message in skipped if message is not None)


def _apply(connection: psycopg.Connection[tuple[object, ...]], path: Path) -> None:
    connection.execute(read_sql(path))


def _apply_role(connection: psycopg.Connection[tuple[object, ...]], path: Path) -> str | None:
    try:
        with connection.transaction():
            _apply(connection, path)
    except errors.InsufficientPrivilege as error:
        return (
            f"role {path.stem} was left out ({error.diag.message_primary}): have an administrator "
            f"run sql/{path.relative_to(SQL_DIR)} on the warehouse"
        )
    return None
