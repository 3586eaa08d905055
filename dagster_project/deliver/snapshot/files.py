"""Relations of the warehouse as Parquet files, a batch at a time, and these as one DuckDB file."""

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql
from sqlglot import exp

from dagster_project.deliver.snapshot.catalog import (
    SCHEMA,
    SORTED_AS_BYTES,
    UNSORTABLE,
    CatalogRow,
    Relation,
)

COMPRESSION = "zstd"
DICTIONARY = "data_dictionary"
MEMORY_LIMIT = "256MB"
OLDEST_READER = "v1.0.0"
"""The oldest DuckDB that opens the file; the README of a snapshot states it."""


def write_relation(
    connection: psycopg.Connection[Any],
    relation: Relation,
    file: Path,
    batch_rows: int,
    condition: str | None = None,
) -> int:
    """Write rows of a relation as Parquet; the same rows give the same bytes.

    Args:
        connection: Session on the warehouse inside the snapshot's transaction.
        relation: The relation.
        file: Path of the file.
        batch_rows: Rows held in memory at a time; each batch is one row group.
        condition: Which rows, as SQL that may run; None for all.

    Returns:
        Rows written.
    """
    written = 0
    schema = relation.arrow_schema
    with pq.ParquetWriter(file, schema, compression=COMPRESSION) as writer:
        for rows in read_batches(connection, relation, batch_rows, condition):
            writer.write_batch(_record_batch(rows, schema))
            written += len(rows)
    return written


def read_batches(
    connection: psycopg.Connection[Any],
    relation: Relation,
    batch_rows: int,
    condition: str | None = None,
) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield rows of a relation in its order; arguments are those of `write_relation`."""
    with connection.cursor(name="snapshot", binary=True) as cursor:
        cursor.execute(_query(relation, condition))
        while rows := cursor.fetchmany(batch_rows):
            yield rows


def _record_batch(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)


def _query(relation: Relation, condition: str | None) -> sql.Composed:
    """The rows, in an order that does not depend on the server."""
    return sql.SQL("select {columns} from {relation} where {condition} order by {order}").format(
        condition=sql.SQL(condition or "true"),
        columns=sql.SQL(", ").join(_read(column) for column in relation.columns),
        relation=sql.Identifier(SCHEMA, relation.name),
        order=sql.SQL(", ").join(_order(relation)),
    )


def _read(column: CatalogRow) -> sql.Composable:
    name = sql.Identifier(column.column_name)
    read_as = column.type.read_as
    if read_as is None:
        return name
    return sql.SQL("{}::{} as {}").format(name, sql.Identifier(read_as), name)


def _order(relation: Relation) -> Iterator[sql.Composable]:
    """Yield job_day first, so that readers skip row groups, then the rest from the key on."""
    sortable = [column for column in relation.columns if column.type_name not in UNSORTABLE]
    for column in sorted(sortable, key=lambda column: column.column_name != "job_day"):
        name = sql.Identifier(relation.name, column.column_name)
        # Bytes, because a collation differs from server to server.
        as_bytes = column.type_name in SORTED_AS_BYTES
        yield sql.SQL('{} collate "C"').format(name) if as_bytes else name


def write_dictionary(relations: Sequence[Relation], parquet: Path) -> None:
    """Write the data dictionary, one row per relation and column, as a Parquet file."""
    rows = [
        {
            "relation": relation.name,
            "relation_description": relation.description,
            "position": column.position,
            "column_name": column.column_name,
            "data_type": column.type.duckdb,
            "description": column.description,
        }
        for relation in relations
        for column in relation.columns
    ]
    file = parquet / f"{DICTIONARY}.parquet"
    pq.write_table(pa.Table.from_pylist(rows), file, compression=COMPRESSION)


def build_database(file: Path, relations: Iterable[Relation], parquet: Path, scratch: Path) -> None:
    """Create the DuckDB file with types, comments and dictionary; memory is bounded at any size.

    Args:
        file: Path of the new database.
        relations: What to load, each from ``<parquet>/<name>.parquet``.
        parquet: Folder of the Parquet files, the dictionary included.
        scratch: Folder for what does not fit in memory.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_LIMIT,
        "storage_compatibility_version": OLDEST_READER,
        "temp_directory": str(scratch),
    }
    with _disk_errors(file), duckdb.connect(file, config=config) as connection:
        # One transaction: hundreds of comments would each be written through to the disk.
        connection.begin()
        connection.execute(f"create schema {SCHEMA}")
        _load(
            connection, sql.Identifier(DICTIONARY), sql.SQL("*"), parquet / f"{DICTIONARY}.parquet"
        )
        for relation in relations:
            table = sql.Identifier(SCHEMA, relation.name)
            columns = sql.SQL(", ").join(_typed(column) for column in relation.columns)
            _load(connection, table, columns, parquet / f"{relation.name}.parquet")
            _comment(connection, "table", table, relation.description)
            for column in relation.columns:
                name = sql.Identifier(SCHEMA, relation.name, column.column_name)
                _comment(connection, "column", name, column.description)
        connection.commit()


@contextmanager
def _disk_errors(file: Path) -> Iterator[None]:
    """Turn DuckDB's error about a full disk, which has no number, into the system's."""
    full = os.strerror(errno.ENOSPC)
    try:
        yield
    except duckdb.Error as error:
        if full in str(error):
            raise OSError(errno.ENOSPC, full, str(file)) from error
        raise


def _typed(column: CatalogRow) -> sql.Composed:
    name = sql.Identifier(column.column_name)
    return sql.SQL("{}::{} as {}").format(name, sql.SQL(column.type.duckdb), name)


def _load(
    connection: duckdb.DuckDBPyConnection,
    table: sql.Identifier,
    columns: sql.Composable,
    file: Path,
) -> None:
    statement = sql.SQL("create table {} as select {} from read_parquet($file)").format(
        table, columns
    )
    connection.execute(statement.as_string(), {"file": str(file)})


def _comment(
    connection: duckdb.DuckDBPyConnection, kind: str, name: sql.Identifier, text: str
) -> None:
    # COMMENT takes no parameters, and DuckDB quotes otherwise than Postgres.
    literal = exp.Literal.string(text).sql(dialect="duckdb")
    statement = sql.SQL("comment on {kind} {name} is {text}").format(
        kind=sql.SQL(kind), name=name, text=sql.SQL(literal)
    )
    connection.execute(statement.as_string())
