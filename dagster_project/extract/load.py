"""Batches of rows into ``raw.*`` and ``ops.quarantine``, inside the caller's transaction.

The warehouse itself decides what it can store; rows that it refuses go to quarantine. So nothing is
dropped, and no rule of Postgres is written down a second time.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors, sql

from dagster_project.extract.rows import Batch, Row, UnreadableRow, parent_id
from dagster_project.extract.schema import TableShape
from dagster_project.partitions import Window
from dagster_project.postgres import read_sql
from dagster_project.warehouse import ensure_months

_ROW_ERRORS = (
    psycopg.DataError,
    errors.NotNullViolation,
    errors.StatementTooComplex,
    errors.ProgramLimitExceeded,
)
"""Errors of which a row is the cause; any other ends the extract."""

# "COPY executions, line 7, column output_data: …", in whatever language the server speaks.
_PLACE_IN_COPY = re.compile(r"COPY \w+, \D*(?P<line>\d+)(?:, \S+ (?P<column>\w+))?")
_REASONS = {
    "22P02": "is not valid text for its type",
    "22P05": r"holds a NUL escape (\u0000)",
    "22003": "is out of the range of its type",
    "22008": "is out of the range of its type",
    "23502": "is NULL, which it must not be",
    "54001": "is nested too deeply",
}
_OTHER_REASON = "is refused by the warehouse"


@dataclass(frozen=True)
class LoadedRows:
    """Rows of one table that were stored and that went to quarantine."""

    stored: int
    quarantined: int


def replace_rows(
    warehouse: psycopg.Connection[Any],
    table: TableShape,
    window: Window,
    batches: Iterable[Batch],
    *,
    holds_rows: bool,
) -> LoadedRows:
    """Replace a window of one raw table and its quarantine.

    Args:
        holds_rows: Whether the table has rows in the window. They are compared with the new ones,
            which are collected beside it; else the new ones go straight into it.
    """
    name = stored_name = sql.Identifier("raw", table.name)
    days = {"table": table.name, "start": window.start, "end": window.end}
    if holds_rows:
        name = sql.Identifier(f"new_{table.name}")
        statement = "create temporary table {} (like {} including compression) on commit drop"
        warehouse.execute(sql.SQL(statement).format(name, stored_name))
    warehouse.execute(
        "delete from ops.quarantine where source_table = %(table)s and"
        " job_day >= %(start)s and job_day < %(end)s",
        days,
    )
    stored = quarantined = 0
    for batch in batches:
        _delete_ids(warehouse, table, window, batch)
        if not holds_rows:
            ensure_months(warehouse, f"raw.{table.name}", {row.job_day for row in batch.readable})
        refused = _copy(warehouse, name, table, batch.readable)
        _quarantine(warehouse, table, [*batch.unreadable, *refused])
        stored += len(batch.readable) - len(refused)
        quarantined += len(batch.unreadable) + len(refused)
    if holds_rows:
        warehouse.execute(
            "select ops.replace_rows(%s, %s, array['id'], %s, %s)",
            (f"raw.{table.name}", f"new_{table.name}", window.start, window.end),
        )
    return LoadedRows(stored, quarantined)


def _delete_ids(
    warehouse: psycopg.Connection[Any], table: TableShape, window: Window, batch: Batch
) -> None:
    """Delete what comes in again from another job_day, because its job moved: no ghosts."""
    ids = [*(row.source_id for row in batch.readable), *(row.source_id for row in batch.unreadable)]
    statement = sql.SQL(
        "delete from {} where id = any(%s::text[]::{}[]) and not (job_day >= %s and job_day < %s)"
    ).format(sql.Identifier("raw", table.name), sql.Identifier(table.columns[0].type_name))
    warehouse.execute(statement, (ids, window.start, window.end))
    warehouse.execute(
        "delete from ops.quarantine where source_table = %s and source_id = any(%s)",
        (table.name, ids),
    )


def _copy(
    warehouse: psycopg.Connection[Any],
    name: sql.Identifier,
    table: TableShape,
    rows: Sequence[Row],
) -> list[UnreadableRow]:
    """Store rows; return those that the warehouse refuses.

    COPY names the line at which it stopped. What stood before it is stored in a second try, the
    next try begins behind it, and is short where refusals are frequent.
    """
    refused: list[UnreadableRow] = []
    start, size = 0, len(rows)
    while start < len(rows):
        attempt = rows[start : start + size]
        try:
            _copy_all(warehouse, name, table, attempt)
            start, size = start + len(attempt), 2 * size
        except _ROW_ERRORS as error:
            good = int(_place(error)["line"]) - 1
            if good:
                _copy_all(warehouse, name, table, attempt[:good])
            bad = attempt[good]
            refused.append(
                UnreadableRow(
                    bad.source_id, bad.job_day, _reason(error), parent_id(table, bad.line.decode())
                )
            )
            start, size = start + good + 1, max(1, good)
    return refused


def _copy_all(
    warehouse: psycopg.Connection[Any],
    name: sql.Identifier,
    table: TableShape,
    rows: Sequence[Row],
) -> None:
    statement = sql.SQL("copy {} ({}) from stdin").format(
        name,
        sql.SQL(", ").join(
            [*(sql.Identifier(column.name) for column in table.columns), sql.Identifier("job_day")]
        ),
    )
    # A savepoint: after a refusal the transaction goes on.
    with warehouse.transaction(), warehouse.cursor().copy(statement) as copy:
        copy.write(b"".join(row.line for row in rows))


def _place(error: psycopg.Error) -> re.Match[str]:
    found = _PLACE_IN_COPY.search(error.diag.context or "")
    if found is None:
        raise error
    return found


def _reason(error: psycopg.Error) -> str:
    """Say what is wrong with which column; the error's own text would quote the row."""
    column = error.diag.column_name or _place(error)["column"] or "the row"
    return f"{column} {_REASONS.get(error.sqlstate or '', _OTHER_REASON)}"


def _quarantine(
    warehouse: psycopg.Connection[Any], table: TableShape, rows: Sequence[UnreadableRow]
) -> None:
    warehouse.execute(
        read_sql("extract/insert_quarantined.sql"),
        {
            "table": table.name,
            "ids": [row.source_id for row in rows],
            "days": [row.job_day for row in rows],
            "parents": [row.parent_id for row in rows],
            "reasons": [
                f"{table.name} {row.source_id}: {row.reason}; "
                f"correct the row in the runner, then extract {row.job_day} again"
                for row in rows
            ],
        },
    )
