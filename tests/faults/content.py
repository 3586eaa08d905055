"""What a warehouse holds, as hashes that two warehouses can be compared by."""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from dagster_project.cli.holdings import CONTENT_HASH, RELATIONS, RUN_AND_CLOCK_COLUMNS
from dagster_project.postgres import connect

BOOKKEEPING = "ops"
"""Tells what was done and when; only what was not stored, or not whole, is content."""
KEPT_BOOKS = ("ops.quarantine", "ops.removed_values")
CLOCKS = [*RUN_AND_CLOCK_COLUMNS, "quarantined_at"]

Content = Mapping[str, tuple[int, str]]
"""Relation → number of rows and hash."""


def content_of(url: str) -> Content:
    """Hash every table and view of a warehouse.

    Args:
        url: libpq URL of the warehouse.

    Returns:
        ``schema.relation`` → rows and hash.
    """
    with connect(url, application="content", read_only=True) as connection:
        return {
            f"{schema}.{table}": _hash(connection, schema, table, columns)
            for schema in _schemas(connection)
            for table, columns in connection.execute(
                RELATIONS, {"schema": schema, "left_out": CLOCKS}
            ).fetchall()
            if schema != BOOKKEEPING or f"{schema}.{table}" in KEPT_BOOKS
        }


def _schemas(connection: psycopg.Connection[tuple[object, ...]]) -> list[str]:
    found = connection.execute(
        "select nspname::text from pg_namespace"
        " where nspname !~ '^pg_'"
        " and nspname not in ('information_schema', 'public', 'partitions') order by 1"
    )
    return [str(name) for (name,) in found]


def _hash(
    connection: psycopg.Connection[tuple[object, ...]],
    schema: str,
    table: str,
    columns: list[str],
) -> tuple[int, str]:
    query = CONTENT_HASH.format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        relation=sql.Identifier(schema, table),
    )
    found = connection.execute(query).fetchone()
    assert found is not None
    return int(str(found[0])), str(found[1])
