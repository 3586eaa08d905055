"""Writes drafts into the runner's tables by COPY, leaving out columns that a table lacks."""

from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql

from dagster_project.postgres import read_sql
from dagster_project.runner_db.draft import Draft
from dagster_project.runner_db.rows import ROW_TYPES

COPY_ROWS = sql.SQL("copy {table} ({columns}) from stdin")


def table_columns(
    connection: psycopg.Connection[tuple[object, ...]],
) -> dict[str, tuple[str, ...]]:
    """Return the columns to write, by table.

    Returns:
        Those columns of the row types that exist, in their order.
    """
    statement = read_sql("runner_db/columns.sql")
    found: dict[str, tuple[str, ...]] = {}
    for table, row_type in ROW_TYPES.items():
        existing = {name for (name,) in connection.execute(statement, {"table": table})}
        found[table] = tuple(name for name in row_type._fields if name in existing)
    return found


def copy_drafts(
    connection: psycopg.Connection[tuple[object, ...]],
    columns: Mapping[str, Sequence[str]],
    drafts: Sequence[Draft],
) -> None:
    """Append all rows of some jobs."""
    contents = [draft.rows() for draft in drafts]
    for table, names in columns.items():
        row_type = ROW_TYPES[table]
        places = [row_type._fields.index(name) for name in names]
        whole = len(places) == len(row_type._fields)
        statement = COPY_ROWS.format(
            table=sql.Identifier(table), columns=sql.SQL(", ").join(map(sql.Identifier, names))
        )
        with connection.cursor().copy(statement) as copy:
            for content in contents:
                for row in content[table]:
                    copy.write_row(row if whole else [row[place] for place in places])
