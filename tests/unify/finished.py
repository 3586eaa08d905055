"""Takes source rows through all stages, and gives many random databases one warehouse."""

from datetime import date
from uuid import UUID

from psycopg.types.json import Jsonb

from dagster_project.backfill.stages import FACTS
from dagster_project.partitions import Window
from dagster_project.score.window import score_window
from dagster_project.unify.setup import build_window
from tests.reference.harness import JSON_COLUMNS
from tests.reference.rules import JSON_NULL
from tests.reference.unify import Database, Json
from tests.unify.warehouse import ONE_DAY, Row, load, unify

BATCH_ROWS = 1_000
KEYS_PER_DATABASE = 10_000
"""Above every key that a random database uses."""

RANDOM_DAYS = Window(date(2025, 9, 1), date(2025, 12, 1))
"""Holds every job_day of a random database."""


def finish(url: str, tables: dict[str, list[Row]], window: Window = ONE_DAY) -> None:
    """Load rows into ``raw`` and run every stage on a window.

    Args:
        url: libpq URL of a warehouse that dbt has built.
        tables: Rows by table name.
        window: Job_days to run.
    """
    load(url, tables)
    unify(url, window)
    score_window(url, window, BATCH_ROWS)
    build_window(url, FACTS, window)


def together(databases: list[Database]) -> dict[str, list[Row]]:
    """Return the rows of several databases as those of one.

    Args:
        databases: Databases that use the same keys.

    Returns:
        Rows by table name, each database with keys of its own.
    """
    tables: dict[str, list[Row]] = {}
    for number, database in enumerate(databases):
        for table, rows in database.items():
            tables.setdefault(table, []).extend(_moved(row, number) for row in rows)
    return tables


def _moved(row: Row, number: int) -> Row:
    return {column: _moved_value(column, value, number) for column, value in row.items()}


def _moved_value(column: str, value: Json, number: int) -> Json:
    if column in JSON_COLUMNS and value is not None:
        return Jsonb(None if value is JSON_NULL else value)
    if column == "jobspec_id":
        return f"{value}-{number}"
    if column in {"id", "job_id"} and isinstance(value, int):
        return value + number * KEYS_PER_DATABASE
    if isinstance(value, UUID):
        return UUID(int=value.int + number * KEYS_PER_DATABASE)
    return value
