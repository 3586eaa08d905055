"""What the pipeline needs of the runner's database: six tables that it may read, and only read."""

from collections.abc import Iterator
from typing import NamedTuple

from psycopg.rows import class_row

from dagster_project.doctor.finding import Finding, fail, ok, some, warn
from dagster_project.doctor.server import Connection
from dagster_project.extract.schema import TABLES, drift
from dagster_project.paths import READER_ROLE_FILE
from dagster_project.postgres import read_sql


class SourceTable(NamedTuple):
    """One row of ``sql/doctor/source_tables.sql``."""

    table_name: str
    is_there: bool
    is_readable: bool
    is_writable: bool


def runner_findings(connection: Connection, *, embedded: bool) -> Iterator[Finding]:
    """Look at the six tables and what the role may do with them.

    Args:
        connection: Session on the runner's database, autocommit.
        embedded: Whether it is the demo's own, in which the role may write.

    Yields:
        The findings.
    """
    with connection.cursor(row_factory=class_row(SourceTable)) as cursor:
        tables = cursor.execute(
            read_sql("doctor/source_tables.sql"), {"tables": list(TABLES)}
        ).fetchall()
    missing = [table.table_name for table in tables if not table.is_there]
    unreadable = [table.table_name for table in tables if table.is_there and not table.is_readable]
    role = connection.info.user
    if missing:
        yield fail(
            "runner tables",
            f"missing or in no schema of the search_path: {some(missing, len(TABLES))}",
            f"Apply the runner's migrations, or: alter role {role} set search_path = …",
        )
    if unreadable:
        yield fail(
            "runner privileges",
            f"{role} may not read {some(unreadable, len(TABLES))}",
            f"As their owner: run {READER_ROLE_FILE}, or grant select on them to {role}.",
        )
    if not missing and not unreadable:
        yield ok("runner tables", "all six are there and readable")
    writable = [table.table_name for table in tables if table.is_writable]
    if writable and not embedded:
        yield warn(
            "runner privileges",
            f"{role} can write in {some(writable, len(TABLES))}",
            f"The pipeline never does; use the role of {READER_ROLE_FILE}.",
        )


def column_findings(runner: Connection, warehouse: Connection) -> Iterator[Finding]:
    """Compare the columns of the six tables with what the warehouse copies.

    Args:
        runner: Session on the runner's database.
        warehouse: Session on the warehouse, set up.

    Yields:
        A finding per column that is missing or of a type that cannot be read; else one.
    """
    faults = drift(runner, warehouse)
    for fault in faults:
        found, _, remedy = fault.partition(". ")
        yield fail("runner columns", found, remedy)
    if not faults:
        yield ok("runner columns", "all that are copied are there, of types that can be read")
