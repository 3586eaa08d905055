"""Runs the project's own SQL on tiny databases, without starting dbt for each of them.

dbt builds everything once, in an empty warehouse and for a window that holds every day. After that
one database costs a transaction that is rolled back: its rows go into ``raw``, the compiled SELECT
fills the resolved table as ``replace_window`` would, and the views are read as they are.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from dagster_project.paths import DBT_DIR
from dagster_project.unify.dbt_command import dbt_environment
from tests.reference.progress import job_progress
from tests.reference.rules import JSON_NULL
from tests.reference.unify import Database, Row, unified_attempts

Connection = psycopg.Connection[DictRow]
Tables = dict[str, list[Row]]

WINDOW = '{"window_start": "2000-01-01", "window_end": "2100-01-01"}'
JSON_COLUMNS = frozenset(
    {"jobspec_data", "output_data", "receipt_data", "execution_output", "metadata"}
)
QUERIES = {
    "attempts": sql.SQL("""
        select resolved.*, attempts.answer_text
        from intermediate.int_executions__resolved as resolved
        inner join analytics.execution_attempts as attempts using (execution_key)
    """),
    "progress": sql.SQL("select * from analytics.job_progress"),
}
KEYS = {"attempts": ("execution_key",), "progress": ("job_id", "requested_region", "model_id")}
FILLED = ("int_jobs__requested", "int_executions__resolved")
"""The incremental models of the unification, in the order in which they are filled."""

SELECTED = ("+execution_attempts", "+job_progress")


@dataclass(frozen=True)
class Rules:
    """The rules as SQL: the SELECT of each filled model, and statements to run before them."""

    selects: dict[str, str]
    changes: tuple[str, ...] = ()


def build_rules(url: str, target: Path) -> Rules:
    """Build every model in an empty warehouse and return the compiled rules.

    Args:
        url: libpq URL of a warehouse without rows, as owner.
        target: Folder for dbt's artefacts.

    Returns:
        The rules for a window that holds every day.
    """
    command = (
        *("build", "--select", *SELECTED, "--vars", WINDOW),
        *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
    )
    subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *command],
        env={
            **os.environ,
            **dbt_environment(url),
            "DBT_PROJECT_DIR": str(DBT_DIR),
            "DBT_PROFILES_DIR": str(DBT_DIR),
            "DBT_TARGET_PATH": str(target),
            "DBT_LOG_PATH": str(target),
            "PYTHONWARNINGS": "ignore",
        },
        check=True,
    )
    compiled = target / "compiled" / "beacon" / "models" / "intermediate"
    return Rules({name: (compiled / f"{name}.sql").read_text(encoding="utf-8") for name in FILLED})


def connect(url: str) -> Connection:
    """Open a session in UTC whose planner does not spend time on tiny tables."""
    return psycopg.connect(url, row_factory=dict_row, options="-c timezone=UTC -c jit=off")


def unified_by_sql(connection: Connection, rules: Rules, database: Database) -> Tables:
    """Return what the SQL makes of a database; changes nothing.

    Args:
        connection: A session on a warehouse that ``build_rules`` has built.
        rules: The SQL to run.
        database: Rows of the raw tables by table name.

    Returns:
        Attempts and progress.
    """
    with connection.transaction(force_rollback=True):
        for change in rules.changes:
            connection.execute(sql.SQL(change))
        for table, rows in database.items():
            _insert(connection, table, rows)
        for name, select in rules.selects.items():
            relation = sql.Identifier("intermediate", name)
            connection.execute(sql.SQL("insert into {} {}").format(relation, sql.SQL(select)))
        return {name: connection.execute(query).fetchall() for name, query in QUERIES.items()}


def unified_by_reference(database: Database) -> Tables:
    """Return what the reference makes of a database.

    Args:
        database: Rows of the raw tables by table name.

    Returns:
        Attempts and progress.
    """
    attempts = unified_attempts(database)
    return {"attempts": attempts, "progress": job_progress(database, attempts)}


def _insert(connection: Connection, table: str, rows: list[Row]) -> None:
    for row in rows:
        insert = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier("raw", table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        connection.execute(insert, [_parameter(column, row[column]) for column in row])


def _parameter(column: str, value: Any) -> Any:  # noqa: ANN401 - any column of raw
    if column not in JSON_COLUMNS or value is None:
        return value
    return Jsonb(None if value is JSON_NULL else value)


def differences(expected: Tables, actual: Tables) -> list[str]:
    """Compare two unifications of one database, row by row and cell by cell.

    Args:
        expected: The reference's rows.
        actual: The SQL's rows.

    Returns:
        One line per difference, empty when there is none.
    """
    return [
        line
        for table, key in KEYS.items()
        for line in _row_differences(_by_key(expected[table], key), _by_key(actual[table], key))
    ]


def _by_key(rows: list[Row], key: tuple[str, ...]) -> dict[str, Row]:
    keyed = {" ".join(str(row[column]) for column in key): row for row in rows}
    assert len(keyed) == len(rows), f"{key} is no key"
    return keyed


def _row_differences(expected: dict[str, Row], actual: dict[str, Row]) -> list[str]:
    lines = [f"{key}: only in the reference" for key in sorted(expected.keys() - actual.keys())]
    lines += [f"{key}: only in SQL" for key in sorted(actual.keys() - expected.keys())]
    for key in sorted(expected.keys() & actual.keys()):
        lines += _cell_differences(key, expected[key], actual[key])
    return lines


def _cell_differences(key: str, expected: Row, actual: Row) -> list[str]:
    return [
        f"{key} {column}: reference {expected[column]!r}, SQL {actual[column]!r}"
        for column in sorted(expected.keys() & actual.keys())
        if _comparable(actual[column]) != _comparable(expected[column])
    ]


def _comparable(value: Any) -> Any:  # noqa: ANN401 - any column
    return sorted(value) if isinstance(value, set | list) else value
