"""Which relations a snapshot holds, and how their types are written. Reads the catalog only."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import psycopg
import pyarrow as pa
from psycopg.rows import class_row

from dagster_project.postgres import read_sql

SCHEMA = "analytics"


@dataclass(frozen=True)
class ColumnType:
    """How values of one Postgres type travel.

    Attributes:
        arrow: Type in the Parquet file.
        duckdb: Type in the DuckDB file.
        read_as: Postgres type to which the value is cast before it is read; None for its own.
    """

    arrow: pa.DataType
    duckdb: str
    read_as: str | None = None


TYPES: Mapping[str, ColumnType] = {
    "boolean": ColumnType(pa.bool_(), "boolean"),
    "smallint": ColumnType(pa.int16(), "smallint"),
    "integer": ColumnType(pa.int32(), "integer"),
    "bigint": ColumnType(pa.int64(), "bigint"),
    "real": ColumnType(pa.float32(), "real"),
    "double precision": ColumnType(pa.float64(), "double"),
    "numeric": ColumnType(pa.float64(), "double", read_as="float8"),
    "text": ColumnType(pa.large_string(), "varchar"),
    "character varying": ColumnType(pa.large_string(), "varchar"),
    "uuid": ColumnType(pa.large_string(), "uuid", read_as="text"),
    "json": ColumnType(pa.large_string(), "json", read_as="text"),
    "jsonb": ColumnType(pa.large_string(), "json", read_as="text"),
    "date": ColumnType(pa.date32(), "date"),
    "timestamp with time zone": ColumnType(pa.timestamp("us", "UTC"), "timestamptz"),
    "timestamp without time zone": ColumnType(pa.timestamp("us"), "timestamp"),
    "text[]": ColumnType(pa.list_(pa.large_string()), "varchar[]"),
    "integer[]": ColumnType(pa.list_(pa.int32()), "integer[]"),
    "bigint[]": ColumnType(pa.list_(pa.int64()), "bigint[]"),
    "double precision[]": ColumnType(pa.list_(pa.float64()), "double[]"),
}
"""By the name that Postgres itself gives the type."""

UNSORTABLE = frozenset({"json", "jsonb"})
SORTED_AS_BYTES = frozenset({"text", "character varying"})


class UnknownTypeError(TypeError):
    """A relation has a column of a type that no snapshot has held yet."""


@dataclass(frozen=True)
class CatalogRow:
    """One column of one relation, as the database documents it."""

    relation: str
    column_name: str
    position: int
    type_name: str
    relation_description: str
    description: str

    @property
    def type(self) -> ColumnType:
        """How its values travel.

        Raises:
            UnknownTypeError: The type is not in `TYPES`.
        """
        if self.type_name not in TYPES:
            message = (
                f"{SCHEMA}.{self.relation}.{self.column_name} has type {self.type_name}, which no "
                f"snapshot can hold yet. Add it to TYPES in {__name__}."
            )
            raise UnknownTypeError(message)
        return TYPES[self.type_name]


@dataclass(frozen=True)
class Relation:
    """One table or view.

    Attributes:
        name: Name in the schema `SCHEMA`.
        columns: Its columns in order, at least one.
    """

    name: str
    columns: tuple[CatalogRow, ...]

    @property
    def description(self) -> str:
        """What it holds, and its grain."""
        return self.columns[0].relation_description

    @property
    def arrow_schema(self) -> pa.Schema:
        """Columns for Parquet, descriptions included."""
        return pa.schema(
            [
                pa.field(
                    column.column_name,
                    column.type.arrow,
                    metadata={"description": column.description},
                )
                for column in self.columns
            ],
            metadata={"description": self.description},
        )


def relations(connection: psycopg.Connection[Any]) -> tuple[Relation, ...]:
    """Find every table and view of the schema `SCHEMA`, by name."""
    with connection.cursor(row_factory=class_row(CatalogRow)) as cursor:
        rows = cursor.execute(
            read_sql("deliver/snapshot/catalog.sql"), {"schema": SCHEMA}
        ).fetchall()
    return tuple(
        Relation(name, tuple(columns)) for name, columns in groupby(rows, lambda row: row.relation)
    )
