"""Relations of the warehouse as Parquet files, a batch at a time, and these as one DuckDB file."""

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql
from sqlglot import exp

from dagster_project.batches import in_batches, text_size
from dagster_project.deliver.snapshot.catalog import (
    SCHEMA,
    SORTED_AS_BYTES,
    UNSORTABLE,
    CatalogRow,
    Relation,
)

COMPRESSION = "zstd"
DICTIONARY = "data_dictionary"
OLDEST_READER = "v1.0.0"
"""The oldest DuckDB that opens the file; the README of a snapshot states it."""

_MEMORY_BYTES = 256_000_000
_VECTOR_ROWS = 2_048
_PART_BYTES = 64_000_000
"""DuckDB writes vectors of so many rows, whose long texts it holds all at once. Where they come to
more bytes, the rows are spread over several tables, and a view puts them together."""

PARTS = "parts"
"""Schema of these tables."""


class Part(NamedTuple):
    """Neighbouring rows of a relation that DuckDB keeps in one table."""

    rows: int
    heaviest_bytes: int


def write_relation(
    connection: psycopg.Connection[Any],
    relation: Relation,
    file: Path,
    batch_rows: int,
    condition: str | None = None,
) -> tuple[Part, ...]:
    """Write rows of a relation as Parquet; the same rows give the same bytes.

    Args:
        connection: Session on the warehouse inside the snapshot's transaction.
        relation: The relation.
        file: Path of the file.
        batch_rows: Rows held in memory at a time; a batch also ends at 16 MB and is one row group.
        condition: Which rows, as SQL that may run; None for all.

    Returns:
        What belongs into one table of DuckDB each; a relation without rows is one part, too.
    """
    sizes: list[tuple[int, int]] = []
    schema = relation.arrow_schema
    with pq.ParquetWriter(file, schema, compression=COMPRESSION) as writer:
        for rows in read_batches(connection, relation, batch_rows, condition):
            batch = _record_batch(rows, schema)
            writer.write_batch(batch)
            sizes.append((len(rows), batch.nbytes))
    return _parts(sizes)


def _parts(batches: Sequence[tuple[int, int]]) -> tuple[Part, ...]:
    """Spread batches, of rows and bytes each, where a vector would hold too many bytes."""
    whole = Part(sum(rows for rows, _ in batches), _heaviest(batches))
    if whole.heaviest_bytes <= _PART_BYTES:
        return (whole,)
    parts = [Part(0, 0)]
    for rows, size in batches:
        if parts[-1].rows and parts[-1].heaviest_bytes + size > _PART_BYTES:
            parts.append(Part(0, 0))
        parts[-1] = Part(parts[-1].rows + rows, parts[-1].heaviest_bytes + size)
    return tuple(parts)


def _heaviest(batches: Sequence[tuple[int, int]]) -> int:
    """Return the most bytes of neighbouring batches that one vector may touch."""
    heaviest = first = rows = held = 0
    for more, size in batches:
        rows, held = rows + more, held + size
        while rows - batches[first][0] >= _VECTOR_ROWS:
            rows, held, first = rows - batches[first][0], held - batches[first][1], first + 1
        heaviest = max(heaviest, held)
    return heaviest


def read_batches(
    connection: psycopg.Connection[Any],
    relation: Relation,
    batch_rows: int,
    condition: str | None = None,
) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield rows of a relation in its order; arguments are those of `write_relation`."""
    with connection.cursor(binary=True) as cursor:
        rows = cursor.stream(_query(relation, condition))
        yield from in_batches(rows, batch_rows, text_size)


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


def build_database(
    file: Path, relations: Mapping[Relation, Sequence[Part]], parquet: Path, scratch: Path
) -> None:
    """Create the DuckDB file with types, comments and dictionary; memory is bounded at any size.

    Args:
        file: Path of the new database.
        relations: What to load, each from ``<parquet>/<name>.parquet``, and its parts.
        parquet: Folder of the Parquet files, the dictionary included.
        scratch: Folder for what does not fit in memory.
    """
    heaviest_bytes = max(part.heaviest_bytes for parts in relations.values() for part in parts)
    config: dict[str, str | bool | int | float | list[str]] = {
        # Texts lie in blocks of 256 kB, so that one of 129 kB takes twice its bytes.
        "memory_limit": f"{_MEMORY_BYTES + 2 * heaviest_bytes}B",
        "storage_compatibility_version": OLDEST_READER,
        "temp_directory": str(scratch),
    }
    with _disk_errors(file), duckdb.connect(file, config=config) as connection:
        connection.execute(f"create schema {SCHEMA}")
        dictionary = parquet / f"{DICTIONARY}.parquet"
        _load(connection, sql.Identifier(DICTIONARY), sql.SQL("*"), dictionary)
        for relation, parts in relations.items():
            kind = _load_relation(connection, relation, parts, parquet)
            # One transaction: hundreds of comments would each be written through to the disk.
            connection.begin()
            name = sql.Identifier(SCHEMA, relation.name)
            _comment(connection, kind, name, relation.description)
            for column in relation.columns:
                name = sql.Identifier(SCHEMA, relation.name, column.column_name)
                _comment(connection, "column", name, column.description)
            connection.commit()


def _load_relation(
    connection: duckdb.DuckDBPyConnection,
    relation: Relation,
    parts: Sequence[Part],
    parquet: Path,
) -> str:
    """Create a table, or a view on the tables of several parts; return which of the two."""
    file = parquet / f"{relation.name}.parquet"
    columns = sql.SQL(", ").join(_typed(column) for column in relation.columns)
    whole = sql.Identifier(SCHEMA, relation.name)
    if len(parts) == 1:
        _load(connection, whole, columns, file)
        return "table"
    connection.execute(f"create schema if not exists {PARTS}")
    tables, end = [], 0
    for number, part in enumerate(parts, start=1):
        first, end = end, end + part.rows
        tables.append(sql.Identifier(PARTS, f"{relation.name}_{number}"))
        _load(connection, tables[-1], columns, file, first, end)
    rows = sql.SQL(" union all ").join(sql.SQL("from {}").format(table) for table in tables)
    connection.execute(sql.SQL("create view {} as {}").format(whole, rows).as_string())
    return "view"


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
    *rows: int,
) -> None:
    """Create a table from a file, or from rows of it: the first, and the one after the last."""
    statement = sql.SQL("create table {} as select {} from read_parquet($file{}){}").format(
        table,
        columns,
        sql.SQL(", file_row_number => true" if rows else ""),
        sql.SQL(" where file_row_number >= $first and file_row_number < $end" if rows else ""),
    )
    values = {"file": str(file), **dict(zip(("first", "end"), rows, strict=False))}
    connection.execute(statement.as_string(), values)


def _comment(
    connection: duckdb.DuckDBPyConnection, kind: str, name: sql.Identifier, text: str
) -> None:
    # COMMENT takes no parameters, and DuckDB quotes otherwise than Postgres.
    literal = exp.Literal.string(text).sql(dialect="duckdb")
    statement = sql.SQL("comment on {kind} {name} is {text}").format(
        kind=sql.SQL(kind), name=name, text=sql.SQL(literal)
    )
    connection.execute(statement.as_string())
