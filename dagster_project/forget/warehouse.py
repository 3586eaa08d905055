"""A job's rows in the warehouse: finding, removing and looking for what is left of them.

Belongs here: the keys by which rows are a job's, and one transaction. Tables come from the
catalog, so that a new one is searched, too. Does not belong here: files, the runner's tables.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from dagster_project.backfill.runs import day_locks
from dagster_project.extract.forgotten import job_hash
from dagster_project.extract.published import analysis_is_native, is_native, row_is_native
from dagster_project.extract.schema import TABLES
from dagster_project.partitions import Window
from dagster_project.postgres import (
    connect,
    connect_source,
    lock_table,
    only_row,
    read_sql,
    source_transaction,
)
from dagster_project.stage import Databases

SCHEMAS = ("raw", "scores", "intermediate", "analytics", "portal", "ops", "seeds")
FORGOTTEN = "[forgotten]"
"""Stands in texts where the id of a forgotten job was."""

TELLING_CHARACTERS = 8
"""Shorter ids are words of other texts, too, and are looked for in columns of ids only."""

_COLUMNS: Mapping[tuple[str, str], str] = {
    ("job_id", "text"): "= %(job_id)s",
    ("jobspec_id", "text"): "= %(job_id)s",
    **{
        (name, kind): "= any(%(numbers)s::text[]::bigint[])"
        for name in ("job_id", "job_number")
        for kind in ("integer", "bigint")
    },
    ("cross_region_execution_id", "uuid"): "= any(%(runs)s::text[]::uuid[])",
    **{
        (name, "text"): "= any(%(answers)s::text[])"
        for name in ("execution_key", "left_key", "right_key")
    },
}
"""Columns that say whose a row is, by name and type, and how."""

_PARENT = {
    "jobs": "parent_id = %(job_id)s",
    "cross_region_executions": "parent_id = %(job_id)s",
    "executions": "parent_id = any(%(numbers)s::text[])",
    "diffs": "parent_id = any(%(numbers)s::text[])",
    "region_results": "parent_id = any(%(runs)s::text[])",
    "cross_region_analyses": "parent_id = any(%(runs)s::text[])",
}
"""The same for ``ops.quarantine``, by the table of the source."""

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Keys:
    """By what rows of a job are found; days in UTC."""

    job_id: str
    numbers: Sequence[str]
    runs: Sequence[str]
    answers: Sequence[str]
    days: Sequence[date]


@dataclass(frozen=True)
class Table:
    """A table of the warehouse, and the condition that a row of it is the job's."""

    schema: str
    name: str
    columns: Mapping[str, str]

    @property
    def identifier(self) -> sql.Identifier:
        """Its qualified name."""
        return sql.Identifier(self.schema, self.name)

    def condition(self) -> sql.Composable | None:
        """Return which rows are the job's; None where no column says it."""
        parts = [
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(_COLUMNS[name, kind]))
            for name, kind in self.columns.items()
            if (name, kind) in _COLUMNS
        ]
        if self.name == "quarantine":
            parts += [
                sql.SQL("(source_table = {} and {})").format(table, sql.SQL(parent))
                for table, parent in _PARENT.items()
            ]
        return sql.SQL(" or ").join(parts) if parts else None


@dataclass(frozen=True)
class Known:
    """What there is of a job.

    Attributes:
        rows: Rows by table of the warehouse, where there are any.
        is_in_source: Whether the runner has the job now.
        published: Of ``analyses`` and ``executions``, what we published of it in the runner's
            tables, as the record or the rows' marks say.
        forgotten_at: When it was forgotten before; None when it was not.
    """

    keys: Keys
    rows: Mapping[str, int]
    is_in_source: bool
    published: frozenset[str]
    forgotten_at: datetime | None

    @property
    def is_anything(self) -> bool:
        """Whether anybody knows the job."""
        return bool(self.rows or self.is_in_source or self.published or self.forgotten_at)


def look(databases: Databases, job_id: str) -> Known:
    """Return what there is of a job; changes nothing."""
    with connect(databases.warehouse, application="forget", read_only=True) as warehouse:
        keys = _keys(warehouse, job_id)
        rows = {name: n for name, n in _counts(warehouse, keys) if n}
        recorded = warehouse.execute(
            "select kind from ops.publications where job_id = %s and status = 'published'",
            (job_id,),
        ).fetchall()
        before = warehouse.execute(
            "select forgotten_at from ops.forgotten_jobs where job_hash = %s", (job_hash(job_id),)
        ).fetchone()
    statement = read_sql("forget/in_source.sql").format(
        execution_is_native=is_native("cre", "id"),
        analysis_is_native=analysis_is_native("a"),
        row_is_native=row_is_native("e"),
    )
    with (
        connect_source(databases.runner, application="forget") as source,
        source_transaction(source),
    ):
        is_there, has_analyses, has_executions = only_row(
            source.execute(statement, {"job_id": job_id})
        )
    published = {"executions" if kind == "executions" else "analyses" for (kind,) in recorded}
    published |= {"analyses"} if has_analyses else set()
    published |= {"executions"} if has_executions else set()
    forgotten_at = None if before is None else before[0]
    return Known(keys, rows, is_there, frozenset(published), forgotten_at)


def remove(warehouse_url: str, job_id: str, reason: str, by: str) -> tuple[Keys, dict[str, int]]:
    """Remove a job's rows from every table and leave a tombstone, in one transaction.

    The days' later stages are stale afterwards: what they were made of is other rows now. Waits
    for living runs of the job's days and for extracts, so that none brings it back.

    Returns:
        The keys by which rows were found, and the rows removed or rewritten by table.
    """
    pattern = _pattern(job_id)
    with ExitStack() as held:
        with connect(warehouse_url, application="forget", read_only=True) as connection:
            days = _keys(connection, job_id).days
        for day in days:
            held.enter_context(day_locks(warehouse_url, Window.of_day(day)))
        with connect(warehouse_url, application="forget") as connection:
            for table in TABLES:
                lock_table(connection, f"raw.{table}")
            keys = _keys(connection, job_id)
            connection.execute(
                read_sql("forget/put_tombstone.sql"),
                {
                    "job_hash": job_hash(job_id),
                    "reason": redacted(reason, job_id),
                    "by": redacted(by, job_id),
                    "days": list(keys.days),
                },
            )
            removed = dict(_deleted(connection, keys))
            if pattern is not None:
                for name, rows in _rewritten(connection, pattern):
                    removed[name] = removed.get(name, 0) + rows
            connection.execute(
                "update ops.partition_ledger set build_id = gen_random_uuid()"
                " where job_day = any(%s) and stage = 'extract' and status = 'done'",
                (list(keys.days),),
            )
    return keys, {name: rows for name, rows in removed.items() if rows}


def search(warehouse_url: str, keys: Keys) -> dict[str, int]:
    """Return how many rows of every table are still the job's or name it in any column."""
    with connect(warehouse_url, application="forget", read_only=True) as connection:
        return dict(_counts(connection, keys, in_texts=True))


def redacted(text: str, job_id: str) -> str:
    """Return a text without the id of the job."""
    if len(job_id) < TELLING_CHARACTERS:
        return text
    return re.sub(rf"(?<![\w-]){re.escape(job_id)}(?![\w-])", FORGOTTEN, text, flags=re.ASCII)


def _pattern(job_id: str) -> str | None:
    """Return a regular expression of Postgres that finds the id, but no longer one with it."""
    if len(job_id) < TELLING_CHARACTERS:
        return None
    escaped = re.sub(r"([^\w])", r"\\\1", job_id, flags=re.ASCII)
    return rf"(?<![[:alnum:]_-]){escaped}(?![[:alnum:]_-])"


def _keys(connection: Connection, job_id: str) -> Keys:
    with connection.cursor(row_factory=dict_row) as cursor:
        values = {"job_id": job_id, "job_hash": job_hash(job_id)}
        found = only_row(cursor.execute(read_sql("forget/known_keys.sql"), values))
    return Keys(job_id=job_id, **found)


def tables(connection: Connection) -> list[Table]:
    """Return every table of the warehouse's schemas."""
    found = connection.execute(read_sql("forget/columns.sql"), {"schemas": list(SCHEMAS)})
    return [
        Table(schema, name, dict(zip(names, types, strict=True)))
        for schema, name, names, types in found.fetchall()
    ]


def _counts(
    connection: Connection, keys: Keys, *, in_texts: bool = False
) -> Iterator[tuple[str, int]]:
    pattern = _pattern(keys.job_id) if in_texts else None
    for table in tables(connection):
        conditions = [part for part in (table.condition(),) if part is not None]
        if pattern is not None:
            # The search for a fixed text is many times faster and leaves little to the pattern.
            conditions.append(
                sql.SQL("(strpos(searched::text, %(job_id)s) > 0 and searched::text ~ %(pattern)s)")
            )
        if conditions:
            statement = sql.SQL("select count(*) from {} as searched where {}").format(
                table.identifier, sql.SQL(" or ").join(conditions)
            )
            (rows,) = only_row(connection.execute(statement, {**vars(keys), "pattern": pattern}))
            yield f"{table.schema}.{table.name}", rows


def _deleted(connection: Connection, keys: Keys) -> Iterator[tuple[str, int]]:
    for table in tables(connection):
        condition = table.condition()
        if condition is not None:
            statement = sql.SQL("delete from {} where {}").format(table.identifier, condition)
            yield f"{table.schema}.{table.name}", connection.execute(statement, vars(keys)).rowcount


def _rewritten(connection: Connection, pattern: str) -> Iterator[tuple[str, int]]:
    """Take the id out of the pipeline's own texts: errors, reasons."""
    for table in tables(connection):
        texts = [name for name, kind in table.columns.items() if kind == "text"]
        if table.schema != "ops" or not texts:
            continue
        changed = sql.SQL("regexp_replace({column}, %(pattern)s, %(mark)s, 'g')")
        statement = sql.SQL("update {} set {} where {}").format(
            table.identifier,
            sql.SQL(", ").join(
                sql.SQL("{} = {}").format(
                    sql.Identifier(name), changed.format(column=sql.Identifier(name))
                )
                for name in texts
            ),
            sql.SQL(" or ").join(
                sql.SQL("{} ~ %(pattern)s").format(sql.Identifier(name)) for name in texts
            ),
        )
        values = {"pattern": pattern, "mark": FORGOTTEN}
        yield f"{table.schema}.{table.name}", connection.execute(statement, values).rowcount
