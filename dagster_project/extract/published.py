"""How rows that ``beacon publish`` wrote are recognised in the runner's tables.

Belongs here: the marks, because reading must know them whether or not anything is published. Does
not belong here: writing rows (`dagster_project.publish`).
"""

from psycopg import sql

from dagster_project.postgres import read_sql

PUBLISHED_BY = "beacon-analytics"
"""Value of ``published_by`` in the metadata of each published region result."""

SUMMARY_MARK = f"Published by {PUBLISHED_BY}"
"""Begins the last sentence of each published summary: an analysis has no other free column."""

EXECUTION_COLUMNS = {
    "cross_region_executions": "id",
    "region_results": "cross_region_execution_id",
    "cross_region_analyses": "cross_region_execution_id",
}
"""Tables that are written, each after those that it refers to → column with the execution's id."""


def is_native(*execution_id: str) -> sql.Composed:
    """Return the condition that a cross-region execution was not published by this pipeline.

    Args:
        execution_id: Names that make up the column with its id, e.g. ``"cre", "id"``.
    """
    return read_sql("extract/is_native.sql").format(
        execution_id=sql.Identifier(*execution_id),
        metadata_mark=sql.Literal(rf'"published_by"\s*:\s*"{PUBLISHED_BY}"'),
        summary_mark=sql.Literal(SUMMARY_MARK),
    )
