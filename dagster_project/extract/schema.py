"""What the source must hold: introspection of the runner's six tables against ``raw.*``.

Belongs here: which columns are read, which may be missing, which types are understood. Does not
belong here: reading rows. The DDL of ``raw.*`` is the list of columns; nothing repeats it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row

from dagster_project.paths import READER_ROLE_FILE
from dagster_project.postgres import read_sql
from dagster_project.stage import StageError

TABLES = (
    "jobs",
    "executions",
    "cross_region_executions",
    "region_results",
    "cross_region_analyses",
    "diffs",
)
"""The runner's tables, in the order in which every extract reads, locks and writes them."""

OPTIONAL_COLUMNS = frozenset(
    {
        ("executions", "question_id"),
        ("executions", "region_claimed"),
        ("executions", "region_observed"),
        ("executions", "region_verified"),
        ("executions", "verification_method"),
        ("executions", "preflight_evidence_ref"),
        ("region_results", "model_id"),
        ("cross_region_analyses", "summary_source"),
    }
)
"""Columns whose migrations may have been skipped; read as NULL when missing."""

_INTEGERS = frozenset({"int2", "int4", "int8"})
_TIMES = frozenset({"date", "timestamp", "timestamptz"})
_TEXTS = frozenset({"text", "varchar", "bpchar"})
UNDERSTOOD_TYPES: Mapping[str, frozenset[str]] = {
    "int4": _INTEGERS,
    "int8": _INTEGERS,
    "numeric": _INTEGERS | {"numeric", "float4", "float8"},
    "text": _TEXTS | {"uuid"},
    "bool": frozenset({"bool"}),
    "timestamp": _TIMES,
    "timestamptz": _TIMES,
    "uuid": frozenset({"uuid"}),
    "jsonb": _TEXTS | {"json", "jsonb"},
}
"""Type of a raw column → types of the source column whose text form it can read."""


class SchemaDriftError(StageError):
    """The source lacks a table or column, or holds it as a type that cannot be read."""


class ColumnInfo(NamedTuple):
    """One row of ``columns.sql``; ``must_be_given``: not null and without default."""

    table_name: str
    name: str
    type_name: str
    is_readable: bool = True
    must_be_given: bool = False


@dataclass(frozen=True)
class Column:
    """One column of a raw table.

    Attributes:
        name: Same name in the source and in ``raw``.
        source_type: Postgres type in the source; None when the optional column is missing there.
    """

    name: str
    type_name: str
    source_type: str | None


@dataclass(frozen=True)
class TableShape:
    """One of the six tables as both sides hold it; the first column is the key ``id``."""

    name: str
    columns: tuple[Column, ...]


def columns_of(
    connection: psycopg.Connection[Any], tables: Iterable[str], schema: str | None = None
) -> list[ColumnInfo]:
    """Return the columns of some tables, in order; those of the search path without a schema."""
    wanted = list(tables)
    relations = [f"{schema}.{table}" if schema else table for table in wanted]
    with connection.cursor(row_factory=class_row(ColumnInfo)) as cursor:
        return cursor.execute(
            read_sql("extract/columns.sql"), {"tables": wanted, "relations": relations}
        ).fetchall()


def table_shapes(
    source: psycopg.Connection[Any], warehouse: psycopg.Connection[Any]
) -> tuple[TableShape, ...]:
    """Compare the source with ``raw.*``.

    Args:
        source: Session on the runner's database; its search_path says where the tables are.

    Returns:
        The six tables in the order of `TABLES`.

    Raises:
        SchemaDriftError: A required table or column is missing, or has a type that is not
            understood.
    """
    return match_columns(_readable(source), columns_of(warehouse, TABLES, "raw"))


def match_columns(
    source: Iterable[ColumnInfo], raw: Iterable[ColumnInfo]
) -> tuple[TableShape, ...]:
    """Find for every raw column the source column that feeds it.

    Args:
        raw: Columns of the raw tables, in order.

    Returns:
        The six tables in the order of `TABLES`; ``job_day`` is left out.

    Raises:
        SchemaDriftError: See `table_shapes`.
    """
    found = {(column.table_name, column.name): column.type_name for column in source}
    wanted = list(raw)
    present = {table for table, _ in found}
    for table in TABLES:
        if table not in present:
            raise SchemaDriftError(
                f"table {table} is missing in the source, or its role may not read it. Grant "
                f"SELECT on it ({READER_ROLE_FILE}) or set the role's search_path."
            )
    return tuple(
        TableShape(
            table,
            tuple(
                _match(column, found.get((table, column.name)))
                for column in wanted
                if column.table_name == table and column.name != "job_day"
            ),
        )
        for table in TABLES
    )


def drift(source: psycopg.Connection[Any], warehouse: psycopg.Connection[Any]) -> list[str]:
    """Compare the columns of the source's tables with ``raw.*``, without stopping at the first.

    Args:
        source: Session on the runner's database; its search_path says where the tables are.

    Returns:
        A message with its remedy per column that is missing or of a type that is not understood;
        tables that are missing as a whole are left out.
    """
    found = {(column.table_name, column.name): column.type_name for column in _readable(source)}
    present = {table for table, _ in found}
    faults = [
        _fault(column, found.get((column.table_name, column.name)))
        for column in columns_of(warehouse, TABLES, "raw")
        if column.table_name in present and column.name != "job_day"
    ]
    return [fault for fault in faults if fault is not None]


def wider(source: psycopg.Connection[Any], warehouse: psycopg.Connection[Any]) -> list[str]:
    """Name the source's columns of which some values do not fit into the copy's type."""
    found = {(column.table_name, column.name): column.type_name for column in _readable(source)}
    return [
        f"{column.table_name}.{column.name}"
        for column in columns_of(warehouse, TABLES, "raw")
        if found.get((column.table_name, column.name)) == "int8" and column.type_name == "int4"
    ]


def _match(wanted: ColumnInfo, source_type: str | None) -> Column:
    fault = _fault(wanted, source_type)
    if fault is not None:
        raise SchemaDriftError(fault)
    return Column(wanted.name, wanted.type_name, source_type)


def _fault(wanted: ColumnInfo, source_type: str | None) -> str | None:
    """Say what is wrong with a column of the source, and what to do about it."""
    name = f"column {wanted.table_name}.{wanted.name}"
    if source_type is None:
        if (wanted.table_name, wanted.name) in OPTIONAL_COLUMNS:
            return None
        return (
            f"{name} is missing in the source and is required. "
            f"Apply the runner's migration that adds it, or grant SELECT on it."
        )
    understood = UNDERSTOOD_TYPES[wanted.type_name]
    if source_type not in understood:
        return (
            f"{name} has type {source_type} in the source; "
            f"one of {', '.join(sorted(understood))} is understood. Change its type there."
        )
    return None


def _readable(source: psycopg.Connection[Any]) -> list[ColumnInfo]:
    return [column for column in columns_of(source, TABLES) if column.is_readable]
