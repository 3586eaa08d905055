"""SQL text of the extract: pure functions from table shapes to composed statements."""

from datetime import date

from psycopg import sql

from dagster_project.extract.published import is_native
from dagster_project.extract.schema import Column, TableShape
from dagster_project.partitions import START_DATE, Window
from dagster_project.postgres import read_sql

_TIME_TYPES = frozenset({"timestamp", "timestamptz"})


def window_parameters(window: Window) -> dict[str, date]:
    """Return the parameters of ``sql/extract/window.sql``."""
    return {"start": window.start, "end": window.end, "first_day": START_DATE}


def window_tables() -> sql.Composed:
    """Return ``sql/extract/window.sql``: which rows belong to the job_days of a window."""
    return read_sql("extract/window.sql").format(
        execution_is_native=is_native("cre", "id"),
        result_is_native=is_native("r", "cross_region_execution_id"),
        analysis_is_native=is_native("a", "cross_region_execution_id"),
    )


def window_rows(table: TableShape) -> sql.Composed:
    """Return the query for a table's rows of a window."""
    return read_sql("extract/window_rows.sql").format(
        window=window_tables(),
        window_table=sql.Identifier(f"window_{table.name}"),
        columns=sql.SQL(", ").join(_column(column) for column in table.columns),
        time_checks=sql.SQL(" ").join(
            _time_check(column) for column in table.columns if column.type_name in _TIME_TYPES
        ),
    )


def _column(column: Column) -> sql.Composable:
    if column.source_type is None:
        return sql.SQL("null as {}").format(sql.Identifier(column.name))
    return sql.Identifier("w", column.name)


def _time_check(column: Column) -> sql.Composed:
    """Refuse times that no calendar library holds, infinity among them."""
    return sql.SQL(
        "when {column} not between '0001-01-01' and '9999-12-31 23:59:59.999999' then {problem}"
    ).format(
        column=sql.Identifier("w", column.name),
        problem=sql.Literal(f"{column.name} is not between the years 1 and 9999"),
    )
