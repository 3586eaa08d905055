"""Runs the project's own SQL on tiny databases, without starting dbt for each of them.

dbt builds everything once, in an empty warehouse and for a window that holds every day. After that
one database costs a savepoint that is rolled back: its rows go into ``raw``, the compiled SELECTs
fill the incremental tables as ``replace_window`` would, and the views are read as they are. The
statements are prepared: planning them takes ten times as long as running them.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from dagster_project.paths import DBT_DIR
from dagster_project.unify.dbt_command import dbt_environment
from dagster_project.warehouse import ensure_months
from tests.reference.progress import job_progress
from tests.reference.rules import JSON_NULL
from tests.reference.unify import Database, Row, unified_attempts

Connection = psycopg.Connection[DictRow]
Tables = dict[str, list[Row]]
Solved = tuple[Database, Tables]

WINDOW = '{"window_start": "2000-01-01", "window_end": "2100-01-01"}'
SELECTED = ("+executions_unified", "+int_executions__answers", "+job_progress")
FILLED = ("int_jobs__requested", "int_executions__resolved")
"""The incremental models of the unification, in the order in which they are filled."""

JSON_COLUMNS = frozenset(
    {"jobspec_data", "output_data", "receipt_data", "execution_output", "metadata"}
)
KEYS = {
    "attempts": ("execution_key",),
    "unified": ("execution_key",),
    "answers": ("execution_key",),
    "progress": ("job_id", "requested_region", "model_id"),
}
QUERIES = {
    "attempts": """
        select resolved.*, attempts.answer_text
        from intermediate.int_executions__resolved as resolved
        inner join analytics.execution_attempts as attempts using (execution_key)
    """,
    "unified": "select * from analytics.executions_unified",
    "answers": "select * from intermediate.int_executions__answers",
    "progress": "select * from analytics.job_progress",
}
FUNCTIONS = """
    select oid::regprocedure::text as name, pg_get_functiondef(oid) as text
    from pg_proc
    where pronamespace = 'rules'::regnamespace
"""


@dataclass(frozen=True)
class Rules:
    """The rules as SQL.

    Attributes:
        selects: The SELECT of each model that has to be filled, in this order.
        definitions: The statement that makes each function, and each view worth breaking.
        changes: Statements that break something before databases are unified.
    """

    selects: dict[str, str]
    definitions: dict[str, str]
    changes: tuple[str, ...] = ()


def build_rules(url: str, target: Path) -> Rules:
    """Build the unification in an empty warehouse and return its rules.

    Args:
        url: libpq URL of a warehouse without rows, as owner.
        target: Folder for dbt's artefacts.

    Returns:
        The rules for a window that holds every day.
    """
    _run_dbt(url, target)
    with connect(url) as connection:
        functions = {row["name"]: row["text"] for row in connection.execute(FUNCTIONS)}
    progress = _compiled(target, "job_progress")
    view = f"create or replace view analytics.job_progress as {progress}"
    return Rules(
        selects={model: _compiled(target, model) for model in FILLED},
        definitions={**functions, "job_progress": view},
    )


DBT = (
    "from dagster_project.unify.dbt_worker import connect_by_url; connect_by_url();"
    " from dbt.cli.main import cli; cli()"
)


def _run_dbt(url: str, target: Path) -> None:
    command = (
        *("build", "--select", *SELECTED, "--vars", WINDOW),
        *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
    )
    environment = {
        **os.environ,
        **dbt_environment(url, str(conninfo_to_dict(url)["dbname"])),
        "DBT_PROJECT_DIR": str(DBT_DIR),
        "DBT_PROFILES_DIR": str(DBT_DIR),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
        "PYTHONWARNINGS": "ignore",
    }
    subprocess.run([sys.executable, "-c", DBT, *command], env=environment, check=True)


def _compiled(target: Path, model: str) -> str:
    (path,) = target.glob(f"compiled/beacon/models/**/{model}.sql")
    return path.read_text(encoding="utf-8")


def connect(url: str) -> Connection:
    """Open a session in UTC that prepares nothing by itself."""
    return psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=None,
        row_factory=dict_row,
        options="-c timezone=UTC -c jit=off",
    )


@contextmanager
def session(url: str, rules: Rules) -> Iterator[Connection]:
    """Open a session in which the rules are ready to run; it leaves nothing behind.

    Args:
        url: libpq URL of a warehouse that ``build_rules`` has built.
        rules: The SQL to run.

    Yields:
        A session inside a transaction that is rolled back at the end.
    """
    with closing(connect(url)) as connection, connection.transaction(force_rollback=True):
        for change in rules.changes:
            connection.execute(sql.SQL(change))
        for model, select in rules.selects.items():
            relation = sql.Identifier("intermediate", model)
            fill = sql.SQL("insert into {} {}").format(relation, sql.SQL(select))
            _prepare(connection, model, fill)
        for name, query in QUERIES.items():
            _prepare(connection, name, sql.SQL(query))
        yield connection


def _prepare(connection: Connection, name: str, statement: sql.Composable) -> None:
    connection.execute(sql.SQL("prepare {} as {}").format(sql.Identifier(name), statement))


def unified_by_sql(connection: Connection, database: Database) -> Tables:
    """Return what the SQL makes of a database; changes nothing.

    Args:
        connection: What ``session`` yields.
        database: Rows of the raw tables by table name.

    Returns:
        Attempts, the current ones, those that scoring reads, and progress.
    """
    execute = sql.SQL("execute {}")
    with connection.transaction(force_rollback=True):
        for table, rows in database.items():
            _insert(connection, table, rows)
        for model in FILLED:
            connection.execute(execute.format(sql.Identifier(model)))
        return {
            name: connection.execute(execute.format(sql.Identifier(name))).fetchall()
            for name in QUERIES
        }


def unified_by_reference(database: Database) -> Tables:
    """Return what the reference makes of a database.

    Args:
        database: Rows of the raw tables by table name.

    Returns:
        Attempts, the current ones, those that scoring reads, and progress.
    """
    attempts = unified_attempts(database)
    return {
        "attempts": attempts,
        "unified": [row for row in attempts if row["is_current"]],
        "answers": [
            row
            for row in attempts
            if row["has_answer"] and row["attempt_reason"] != "covered_by_executions"
        ],
        "progress": job_progress(database, attempts),
    }


def _insert(connection: Connection, table: str, rows: list[Row]) -> None:
    for row in rows:
        for name in (f"raw.{table}", "intermediate.int_executions__resolved"):
            ensure_months(connection, name, [row["job_day"]])
        insert = sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier("raw", table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        connection.execute(insert, [_parameter(column, row[column]) for column in row])


def _parameter(column: str, value: object) -> object:
    if column not in JSON_COLUMNS or value is None:
        return value
    return Jsonb(None if value is JSON_NULL else value)
