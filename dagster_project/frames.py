"""Frames of polars out of Postgres and into it: CSV through COPY, no row touched by Python."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from dagster_project.batches import in_batches

_OUT = sql.SQL("copy ({}) to stdout (format csv)")


def read_frames(
    connection: psycopg.Connection[Any],
    query: sql.Composable,
    parameters: Mapping[str, Any],
    schema: pl.Schema,
    most_rows: int,
) -> Iterator[pl.DataFrame]:
    """Yield the rows of a query, so many at once; the connection is busy until the last one.

    Args:
        schema: Columns of the query, in order. A boolean is to be selected as text: polars reads
            true, and Postgres writes t.
    """
    with connection.cursor().copy(_OUT.format(query), parameters) as lines:
        for batch in in_batches(lines, most_rows, len):
            yield _parsed(b"".join(batch), schema)


def read_frame(
    connection: psycopg.Connection[Any],
    query: sql.Composable,
    parameters: Mapping[str, Any],
    schema: pl.Schema,
) -> pl.DataFrame:
    """Return all rows of a query, as `read_frames` reads them: their text is never held whole."""
    return pl.concat(
        [schema.to_frame(), *read_frames(connection, query, parameters, schema, sys.maxsize)],
        rechunk=True,
    )


def _parsed(lines: bytes, schema: pl.Schema) -> pl.DataFrame:
    return pl.read_csv(lines, has_header=False, schema=schema, raise_if_empty=False)


def write_frame(
    connection: psycopg.Connection[Any], table: sql.Identifier, rows: pl.DataFrame
) -> None:
    """Append rows to the columns of a table that have their names; lists become arrays."""
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        table, sql.SQL(", ").join(map(sql.Identifier, rows.columns))
    )
    texts = rows.with_columns(
        _array(name) for name, kind in rows.schema.items() if isinstance(kind, pl.List)
    )
    with connection.cursor().copy(statement) as copy:
        # Quoted texts: an empty one is no null.
        copy.write(texts.write_csv(include_header=False, quote_style="non_numeric"))


def _array(name: str) -> pl.Expr:
    quote = pl.lit('"')
    escaped = pl.element().str.replace_all(r'(["\\])', r"\$1")
    items = pl.col(name).list.eval(quote + escaped + quote).list.join(",")
    return (pl.lit("{") + items + pl.lit("}")).alias(name)
