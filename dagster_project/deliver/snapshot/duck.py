"""The Parquet files as one DuckDB file with types, comments and the dictionary."""

from collections.abc import Iterable
from pathlib import Path

import duckdb
from psycopg import sql
from sqlglot import exp

from dagster_project.deliver.snapshot.catalog import SCHEMA, CatalogRow, Relation
from dagster_project.postgres import read_sql

MEMORY_LIMIT = "256MB"
DICTIONARY = "data_dictionary"


def build_database(file: Path, relations: Iterable[Relation], parquet: Path, scratch: Path) -> None:
    """Create the DuckDB file; memory is bounded, whatever the size.

    Args:
        file: Path of the new database.
        relations: What to load, each from ``<parquet>/<name>.parquet``.
        parquet: Folder of the Parquet files, the dictionary included.
        scratch: Folder for what does not fit in memory.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(scratch),
    }
    with duckdb.connect(file, config=config) as connection:
        # One transaction: hundreds of comments would each be written through to the disk.
        connection.begin()
        connection.execute(read_sql("deliver/snapshot/duckdb_schema.sql").as_string())
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


def _typed(column: CatalogRow) -> sql.Composed:
    name = sql.Identifier(column.column_name)
    return sql.SQL("{}::{} as {}").format(name, sql.SQL(column.type.duckdb), name)


def _load(
    connection: duckdb.DuckDBPyConnection,
    table: sql.Identifier,
    columns: sql.Composable,
    file: Path,
) -> None:
    statement = read_sql("deliver/snapshot/duckdb_table.sql").format(
        table=table, columns=columns, file=sql.SQL("$file")
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
