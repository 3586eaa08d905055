"""Reads and writes the runner's cross-region tables. Belongs here: no rule about what to write."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row, scalar_row
from psycopg.types.json import Jsonb

from dagster_project.extract.published import EXECUTION_COLUMNS, is_native
from dagster_project.postgres import read_sql
from dagster_project.publish.plan import Changes, Stored
from dagster_project.publish.rows import TABLES, Row
from dagster_project.publish.schema import COLUMNS, JSON

Columns = Mapping[str, Sequence[str]]
"""Table → columns that are written."""


def stored_rows(
    runner: psycopg.Connection[Any],
    job_ids: Sequence[str],
    our_ids: Mapping[str, Collection[UUID]],
    columns: Columns,
) -> Mapping[str, Stored]:
    """Read what the runner holds of some jobs.

    Args:
        our_ids: By job, executions that are ours even where no mark is left.
    """
    known = _scalars(runner, read_sql("publish/runner_jobs.sql"), job_ids=list(job_ids))
    ours = {job_id: set(our_ids.get(job_id, ())) for job_id in job_ids}
    native: set[str] = set()
    query = read_sql("publish/executions.sql").format(is_native=is_native("cre", "id"))
    for execution, job_id, has_no_mark in runner.execute(query, {"job_ids": list(job_ids)}):
        if not has_no_mark:
            ours[job_id].add(execution)
        elif execution not in ours[job_id]:
            native.add(job_id)
    owner = {execution: job_id for job_id, executions in ours.items() for execution in executions}
    rows: dict[str, dict[str, list[Row]]] = {
        job_id: {table: [] for table in TABLES} for job_id in job_ids
    }
    for table in TABLES:
        key = EXECUTION_COLUMNS[table]
        for row in _read(runner, table, columns[table], list(owner)):
            rows[owner[row[key]]][table].append(row)
    return {job_id: Stored(job_id in known, job_id in native, rows[job_id]) for job_id in job_ids}


def published_jobs(runner: psycopg.Connection[Any], page_jobs: int) -> Iterator[list[str]]:
    """Yield every job with a published execution, found by the marks alone.

    Args:
        runner: Session that holds the cursor; it is in one transaction while this runs.
        page_jobs: Most ids at a time.
    """
    query = read_sql("publish/published_jobs.sql").format(is_native=is_native("cre", "id"))
    with runner.cursor("published", row_factory=scalar_row) as cursor:
        cursor.execute(query)
        while page := cursor.fetchmany(page_jobs):
            yield page


def apply(runner: psycopg.Connection[Any], changes: Sequence[Changes], columns: Columns) -> None:
    """Delete and insert rows; the caller's transaction makes it all or nothing."""
    # Rows that hang on an execution go first: a foreign key that deletes them may be missing.
    for table in reversed(TABLES):
        ids = [key for change in changes for key in change.deletes.get(table, ())]
        if ids:
            delete = read_sql("publish/delete.sql").format(table=sql.Identifier(table))
            runner.execute(delete, {"ids": ids})
    for table in TABLES:
        rows = [row for change in changes for row in change.inserts.get(table, ())]
        if rows:
            with runner.cursor() as cursor:
                cursor.executemany(
                    _insert(table, columns[table]), [_parameters(table, row) for row in rows]
                )


def _read(
    runner: psycopg.Connection[Any],
    table: str,
    columns: Sequence[str],
    execution_ids: Sequence[UUID],
) -> list[dict[str, Any]]:
    query = read_sql("publish/stored.sql").format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        table=sql.Identifier(table),
        execution_id=sql.Identifier(EXECUTION_COLUMNS[table]),
    )
    with runner.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, {"execution_ids": execution_ids}).fetchall()


def _insert(table: str, columns: Sequence[str]) -> sql.Composed:
    return read_sql("publish/insert.sql").format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        placeholders=sql.SQL(", ").join(map(sql.Placeholder, columns)),
    )


def _parameters(table: str, row: Row) -> dict[str, Any]:
    kinds = COLUMNS[table]
    return {
        column: Jsonb(value) if kinds[column] == JSON and value is not None else value
        for column, value in row.items()
    }


def _scalars(runner: psycopg.Connection[Any], query: sql.SQL, **parameters: object) -> set[str]:
    with runner.cursor(row_factory=scalar_row) as cursor:
        return set(cursor.execute(query, parameters).fetchall())
