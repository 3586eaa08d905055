"""How rows that ``beacon publish`` wrote are recognised in the runner's tables.

Belongs here: the marks, because reading must know them whether or not anything is published. Does
not belong here: writing rows (`dagster_project.publish`).
"""

from psycopg import sql

from dagster_project.postgres import read_sql

PUBLISHED_BY = "beacon-analytics"
"""Value of ``published_by`` in the metadata of a region result and the output of an execution."""

_PUBLISHED_BY_MARK = rf'"published_by"\s*:\s*"{PUBLISHED_BY}"'

SUMMARY_MARK = f"Published by {PUBLISHED_BY}"
"""Begins the last sentence of each published summary: an analysis has no other free column."""

ANALYSIS_MARK = f"Analysed by {PUBLISHED_BY}"
"""Begins that sentence where the analysis hangs on an execution of the runner's own."""

EXECUTION_COLUMNS = {
    "cross_region_executions": "id",
    "region_results": "cross_region_execution_id",
    "cross_region_analyses": "cross_region_execution_id",
}
"""Tables that are written, each after those that it refers to → column with the execution's id."""


def analysis_is_native(table: str) -> sql.Composed:
    """Return the condition that an analysis of a native execution is the runner's own."""
    return sql.SQL("strpos(coalesce({}, ''), {}) = 0").format(
        sql.Identifier(table, "summary"), sql.Literal(ANALYSIS_MARK)
    )


def row_is_native(table: str) -> sql.Composed:
    """Return the condition that a row of executions is the runner's own.

    Ours name their cross-region execution, which no code of the runner does: only where a row names
    one is its output looked at.
    """
    return sql.SQL("({} is null or coalesce({}::text, '') !~ {})").format(
        sql.Identifier(table, "cross_region_execution_id"),
        sql.Identifier(table, "output_data"),
        sql.Literal(_PUBLISHED_BY_MARK),
    )


def is_native(*execution_id: str) -> sql.Composed:
    """Return the condition that a cross-region execution was not published by this pipeline.

    Args:
        execution_id: Names that make up the column with its id, e.g. ``"cre", "id"``.
    """
    return read_sql("extract/is_native.sql").format(
        execution_id=sql.Identifier(*execution_id),
        metadata_mark=sql.Literal(_PUBLISHED_BY_MARK),
        summary_mark=sql.Literal(SUMMARY_MARK),
    )
