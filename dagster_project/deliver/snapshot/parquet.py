"""One relation of the warehouse as one Parquet file, a batch at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql

from dagster_project.deliver.snapshot.catalog import (
    SCHEMA,
    SORTED_AS_BYTES,
    UNSORTABLE,
    CatalogRow,
    Relation,
)
from dagster_project.postgres import read_sql

COMPRESSION = "zstd"


def write_relation(
    connection: psycopg.Connection[Any], relation: Relation, file: Path, batch_rows: int
) -> int:
    """Write all rows of a relation; the same rows give the same bytes.

    Args:
        connection: Session on the warehouse inside the snapshot's transaction.
        relation: The relation.
        file: Path of the file.
        batch_rows: Rows held in memory at a time; each batch is one row group.

    Returns:
        Rows written.
    """
    written = 0
    with (
        pq.ParquetWriter(file, relation.arrow_schema, compression=COMPRESSION) as writer,
        connection.cursor(name="snapshot", binary=True) as cursor,
    ):
        cursor.execute(_query(relation))
        while rows := cursor.fetchmany(batch_rows):
            writer.write_batch(record_batch(rows, relation.arrow_schema))
            written += len(rows)
    return written


def record_batch(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Return rows as columns.

    Args:
        rows: Values in the order of the schema's fields.
        schema: Names and types.

    Returns:
        One batch.
    """
    columns = zip(*rows, strict=True)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)


def _query(relation: Relation) -> sql.Composed:
    return read_sql("deliver/snapshot/rows.sql").format(
        columns=sql.SQL(", ").join(_read(column) for column in relation.columns),
        relation=sql.Identifier(SCHEMA, relation.name),
        columns_in_order=sql.SQL(", ").join(_order(relation)),
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
