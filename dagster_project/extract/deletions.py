"""Fewer rows than before are a question: a day that lost all rows of a table keeps the old ones.

A policy, a truncated table or half a restore look the same as rows that somebody deleted. Only the
operator knows. Rows that belong to another day by now are none of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from dagster_project.extract.schema import TableShape
from dagster_project.partitions import Window
from dagster_project.postgres import read_sql
from dagster_project.stage import StageError

ACCEPT = "--accept-deletions"
"""Option of ``beacon backfill`` by which the operator says that rows are gone for good."""


class DeletionsError(StageError):
    """The source has none of the rows of a day any more, and nobody said that this is right."""

    # One of data: a second try would find the same.
    sqlstate = "22000"


@dataclass(frozen=True)
class HeldRows:
    """Copied rows of one table on one job_day; the ids of two of them stand for all."""

    job_day: date
    row_count: int
    first_id: str
    last_id: str


Held = Mapping[str, Sequence[HeldRows]]
"""By table."""


def held_rows(
    warehouse: psycopg.Connection[Any], shapes: Sequence[TableShape], window: Window
) -> Held:
    """Return what the warehouse holds of each day of a window, before it is replaced."""
    found = {}
    for shape in shapes:
        statement = read_sql("extract/held_rows.sql").format(
            table=sql.Identifier("raw", shape.name)
        )
        with warehouse.cursor(row_factory=class_row(HeldRows)) as cursor:
            found[shape.name] = cursor.execute(statement, vars(window)).fetchall()
    return found


def refuse_deletions(
    source: psycopg.Connection[Any],
    warehouse: psycopg.Connection[Any],
    shapes: Sequence[TableShape],
    window: Window,
    held: Held,
) -> None:
    """Compare what a window held with what it holds after it was replaced, before the commit.

    Args:
        source: In the snapshot from which it was replaced.
        held: Of `held_rows`.

    Raises:
        DeletionsError: A day lost all rows of a table; names days, tables and the remedy.
    """
    lost = {
        shape.name: [
            rows
            for rows in _emptied(warehouse, shape, window, held[shape.name])
            if not _is_elsewhere(source, shape, rows)
        ]
        for shape in shapes
    }
    days = sorted({rows.job_day for found in lost.values() for rows in found})
    if not days:
        return
    what = "; ".join(f"{day}: {_counts(day, lost)}, which were copied before" for day in days)
    raise DeletionsError(
        f"the source has none of these rows any more: {what}. They stay in the warehouse. Restore "
        "them there, or when they are gone for good: "
        f"beacon backfill {ACCEPT} --from {days[0]} --to {days[-1]}"
    )


def _counts(day: date, lost: Held) -> str:
    return ", ".join(
        f"{rows.row_count} of {table}"
        for table, found in lost.items()
        for rows in found
        if rows.job_day == day
    )


def _emptied(
    warehouse: psycopg.Connection[Any], shape: TableShape, window: Window, held: Sequence[HeldRows]
) -> list[HeldRows]:
    if not held:
        return []
    days = warehouse.execute(
        sql.SQL(
            "select job_day from {} where job_day >= %(start)s and job_day < %(end)s union"
            " select job_day from ops.quarantine where source_table = %(table)s"
            " and job_day >= %(start)s and job_day < %(end)s"
        ).format(sql.Identifier("raw", shape.name)),
        {**vars(window), "table": shape.name},
    ).fetchall()
    return [rows for rows in held if (rows.job_day,) not in days]


def _is_elsewhere(source: psycopg.Connection[Any], shape: TableShape, rows: HeldRows) -> bool:
    """Tell whether the source still has one of the two: then it belongs to another day."""
    statement = sql.SQL("select from {} where id = any(%s::text[]::{}[]) limit 1").format(
        sql.Identifier(shape.name), sql.Identifier(shape.columns[0].source_type or "text")
    )
    found = source.execute(statement, ([rows.first_id, rows.last_id],)).fetchall()
    return bool(found)
