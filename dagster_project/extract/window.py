"""The extract itself: one window of job_days from one snapshot of the source, all or nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.abc import Buffer

from dagster_project.extract.deletions import held_rows, refuse_deletions
from dagster_project.extract.forgotten import forgotten_rows
from dagster_project.extract.load import LoadedRows, replace_rows
from dagster_project.extract.published import (
    EXECUTION_COLUMNS,
    analysis_is_native,
    is_native,
    row_is_native,
)
from dagster_project.extract.rows import batches, read_rows
from dagster_project.extract.schema import TABLES, Column, TableShape, table_shapes
from dagster_project.extract.secrets import redact
from dagster_project.partitions import START_DATE, Window
from dagster_project.postgres import (
    connect,
    connect_source,
    lock_table,
    read_sql,
    source_transaction,
)

_TIME_TYPES = frozenset({"timestamp", "timestamptz"})
_LONGEST_ID = 1_000
_TYPES_WITH_NAN = frozenset({"numeric", "float4", "float8"})


def window_parameters(window: Window) -> dict[str, date]:
    """Return the parameters of ``extract/window.sql``."""
    return {"start": window.start, "end": window.end, "first_day": START_DATE}


_ALIASES = {
    "jobs": "j",
    "executions": "e",
    "cross_region_executions": "cre",
    "region_results": "r",
    "cross_region_analyses": "a",
    "diffs": "d",
}
"""Names that ``extract/window.sql`` gives to the tables."""


def window_tables(versioned: Mapping[str, bool] | None = None) -> sql.Composed:
    """Return ``extract/window.sql``: which rows belong to the job_days of a window.

    Args:
        versioned: By table, whether the server keeps a version of each of its rows (see
            `versioned_tables`); else whole rows are hashed. None where nobody asks for versions.
    """
    return read_sql("extract/window.sql").format(
        **{
            f"{table}_version": _version(
                alias, is_versioned=None if versioned is None else versioned[table]
            )
            for table, alias in _ALIASES.items()
        },
        execution_is_native=is_native("cre", "id"),
        result_is_native=is_native("r", "cross_region_execution_id"),
        analysis_is_native=is_native("a", "cross_region_execution_id"),
        analysis_row_is_native=analysis_is_native("a"),
        execution_row_is_native=row_is_native("e"),
    )


def versioned_tables(source: psycopg.Connection[Any]) -> dict[str, bool]:
    """Tell by table whether the server keeps a version (xmin) of each row.

    Views and foreign tables have none. A table that is missing counts as one that has.
    """
    rows = source.execute(read_sql("extract/relation_kinds.sql"), {"tables": list(TABLES)})
    return {table: has_versions for table, _, has_versions in rows.fetchall()}


def _version(alias: str, *, is_versioned: bool | None) -> sql.Composable:
    if is_versioned is None:
        return sql.SQL("null::bigint")
    if is_versioned:
        return sql.Identifier(alias, "xmin")
    return sql.SQL("hashtextextended(({}.*)::text, 0)").format(sql.Identifier(alias))


def window_rows(table: TableShape) -> sql.Composed:
    """Return the query for a table's rows of a window."""
    return read_sql("extract/window_rows.sql").format(
        window=window_tables(),
        window_table=sql.Identifier(f"window_{table.name}"),
        columns=sql.SQL(", ").join(_column(column) for column in table.columns),
        id_checks=sql.SQL(" ").join(
            _length_check(column) for column in table.columns if column.name == "jobspec_id"
        ),
        time_checks=sql.SQL(" ").join(
            _time_check(column) for column in table.columns if column.type_name in _TIME_TYPES
        ),
    )


def _column(column: Column) -> sql.Composable:
    if column.source_type is None:
        return sql.SQL("null as {}").format(sql.Identifier(column.name))
    if column.source_type in _TYPES_WITH_NAN:
        # No number is no value: it would be the text NaN in JSON, and above all others in SQL.
        return sql.SQL(
            "case when {column}::text not in ('NaN', 'Infinity', '-Infinity') then {column} end"
        ).format(column=sql.Identifier("w", column.name))
    return sql.Identifier("w", column.name)


def _length_check(column: Column) -> sql.Composed:
    """Refuse ids that no index holds."""
    return sql.SQL("when octet_length({column}) > {most} then {problem}").format(
        column=sql.Identifier("w", column.name),
        most=sql.Literal(_LONGEST_ID),
        problem=sql.Literal(f"{column.name} is longer than {_LONGEST_ID} bytes"),
    )


def _time_check(column: Column) -> sql.Composed:
    """Refuse times that no calendar library holds, infinity among them."""
    return sql.SQL(
        "when {column} not between '0001-01-01' and '9999-12-31 23:59:59.999999' then {problem}"
    ).format(
        column=sql.Identifier("w", column.name),
        problem=sql.Literal(f"{column.name} is not between the years 1 and 9999"),
    )


@dataclass(frozen=True)
class ExtractResult:
    """What an extract left in ``raw.*`` and ``ops.quarantine`` for its window, by table."""

    rows: Mapping[str, int]
    quarantined: Mapping[str, int]


def extract_window(
    runner_url: str,
    warehouse_url: str,
    window: Window,
    batch_rows: int,
    *,
    accepts_deletions: bool = False,
) -> ExtractResult:
    """Replace a window of every ``raw`` table by what the source holds now.

    The six tables are read in one REPEATABLE READ READ ONLY snapshot and written in one
    transaction: until it commits, the warehouse shows the old rows. Rows that cannot be stored
    go to ``ops.quarantine``; those of forgotten jobs are left out.

    Args:
        window: Job_days (UTC) to replace.
        batch_rows: Most rows in memory at a time; a batch also ends at 16 MB.
        accepts_deletions: Whether a day may lose all rows of a table.

    Raises:
        SchemaDriftError: The source lacks a required table or column.
        DeletionsError: A day lost all rows of a table, and that is not accepted.
        psycopg.Error: A session failed; the message quotes no row.
    """
    loaded: dict[str, LoadedRows] = {}
    with _without_row_contents(), connect(warehouse_url, application="extract") as warehouse:
        # Locks first: of two extracts, the one that writes last has the later snapshot.
        for table in TABLES:
            lock_table(warehouse, f"raw.{table}")
        with snapshot_of(runner_url) as source:
            left_out = forgotten_rows(source, warehouse, window_tables(), window_parameters(window))
            shapes = table_shapes(source, warehouse)
            held = held_rows(warehouse, shapes, window)
            for shape in shapes:
                removed: Counter[tuple[str, str]] = Counter()
                with _lines(source, shape, window) as lines:
                    kept = _without(lines, shape.name, left_out) if left_out else lines
                    rows = read_rows(shape, kept, removed)
                    loaded[shape.name] = replace_rows(
                        warehouse,
                        shape,
                        window,
                        batches(rows, batch_rows),
                        holds_rows=bool(held[shape.name]),
                    )
                _count_removed(warehouse, shape.name, window, removed)
            if not accepts_deletions:
                refuse_deletions(source, warehouse, shapes, window, held)
        _delete_published(warehouse, window)
        # Their receipts are back.
        warehouse.execute(
            "delete from ops.archived_days where job_day >= %(start)s and job_day < %(end)s",
            vars(window),
        )
    return _result(loaded)


def _without(
    lines: Iterable[Buffer], table: str, left_out: frozenset[tuple[str, str]]
) -> Iterator[Buffer]:
    """Leave rows out before anything of them is counted; each line begins with problem and id."""
    return (
        line
        for line in lines
        if (table, bytes(line).split(b"\t", 2)[1].decode(errors="replace")) not in left_out
    )


@contextmanager
def snapshot_of(runner_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Open one REPEATABLE READ READ ONLY transaction in the source."""
    with connect_source(runner_url, application="extract") as source:
        source.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with source_transaction(source):
            yield source


@contextmanager
def _lines(
    source: psycopg.Connection[Any], table: TableShape, window: Window
) -> Iterator[psycopg.Copy]:
    statement = sql.SQL("copy ({}) to stdout").format(window_rows(table))
    is_unchecked = source.info.parameter_status("server_encoding") == "SQL_ASCII"
    if is_unchecked:
        # As UTF-8 the server would stop at bytes that are none; as they are, their row is named.
        source.execute("set local client_encoding = 'SQL_ASCII'")
    with source.cursor().copy(statement, window_parameters(window)) as lines:
        yield lines
    if is_unchecked:
        source.execute("set local client_encoding = 'UTF8'")


def _count_removed(
    warehouse: psycopg.Connection[Any],
    table: str,
    window: Window,
    removed: Mapping[tuple[str, str], int],
) -> None:
    warehouse.execute(
        "delete from ops.removed_values where source_table = %s and job_day >= %s and job_day < %s",
        (table, window.start, window.end),
    )
    warehouse.cursor().executemany(
        "insert into ops.removed_values (source_table, job_day, kind, removed)"
        " values (%s, %s, %s, %s)",
        [(table, day, kind, count) for (day, kind), count in removed.items()],
    )


def _delete_published(warehouse: psycopg.Connection[Any], window: Window) -> None:
    for table, execution_id in EXECUTION_COLUMNS.items():
        statement = read_sql("extract/delete_published.sql").format(
            table=sql.Identifier("raw", table), execution_id=sql.Identifier(execution_id)
        )
        warehouse.execute(statement, vars(window))


def _result(loaded: Mapping[str, LoadedRows]) -> ExtractResult:
    return ExtractResult(
        rows={table: numbers.stored for table, numbers in loaded.items()},
        quarantined={table: numbers.quarantined for table, numbers in loaded.items()},
    )


@contextmanager
def _without_row_contents() -> Iterator[None]:
    """Cut an error of COPY down to its class and first line, without secrets: it quotes the row."""
    try:
        yield
    except psycopg.Error as error:
        if error.diag.context is None:
            raise
        bare = type(error)(_without_row(error))
        for place in getattr(error, "__notes__", ()):
            bare.add_note(place)
        raise bare from None


def _without_row(error: psycopg.Error) -> str:
    # Only ids are unique in raw.*, so that this detail names a row and quotes nothing of it.
    detail = error.diag.message_detail if isinstance(error, errors.UniqueViolation) else None
    said = ". ".join(part for part in (error.diag.message_primary, detail) if part)
    return redact(said, Counter())
