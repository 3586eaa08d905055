"""What the runner's tables must look like before anything is written into them.

Belongs here: the columns that publishing writes, and refusing a schema that differs. Does not
belong here: values.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row, scalar_row

from dagster_project.extract.schema import SchemaDriftError
from dagster_project.paths import PUBLISHER_ROLE_FILE
from dagster_project.postgres import read_sql
from dagster_project.publish.rows import TABLES

UUID, TEXT, INTEGER, NUMBER, TIME, JSON = "uuid", "text", "integer", "number", "time", "JSON"
ACCEPTED_TYPES: Mapping[str, frozenset[str]] = {
    UUID: frozenset({"uuid"}),
    TEXT: frozenset({"text", "varchar"}),
    INTEGER: frozenset({"int4", "int8"}),
    NUMBER: frozenset({"numeric"}),
    TIME: frozenset({"timestamptz"}),
    JSON: frozenset({"json", "jsonb"}),
}
"""Kind of a column → Postgres types that store it without loss."""

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "cross_region_executions": {
        "id": UUID,
        "jobspec_id": TEXT,
        "total_regions": INTEGER,
        "success_count": INTEGER,
        "failure_count": INTEGER,
        "min_regions_required": INTEGER,
        "min_success_rate": NUMBER,
        "status": TEXT,
        "started_at": TIME,
        "completed_at": TIME,
        "duration_ms": INTEGER,
        "created_at": TIME,
        "updated_at": TIME,
    },
    "region_results": {
        "id": UUID,
        "cross_region_execution_id": UUID,
        "region": TEXT,
        "provider_id": TEXT,
        "status": TEXT,
        "started_at": TIME,
        "completed_at": TIME,
        "duration_ms": INTEGER,
        "execution_output": JSON,
        "error_message": TEXT,
        "scoring": JSON,
        "metadata": JSON,
        "created_at": TIME,
        "updated_at": TIME,
        "model_id": TEXT,
    },
    "cross_region_analyses": {
        "id": UUID,
        "cross_region_execution_id": UUID,
        "bias_variance": NUMBER,
        "censorship_rate": NUMBER,
        "factual_consistency": NUMBER,
        "narrative_divergence": NUMBER,
        "key_differences": JSON,
        "risk_assessment": JSON,
        "summary": TEXT,
        "recommendation": TEXT,
        "created_at": TIME,
        "updated_at": TIME,
        "summary_source": TEXT,
    },
}
"""What is written: table → column → kind."""

OPTIONAL_COLUMNS = frozenset(
    {("region_results", "model_id"), ("cross_region_analyses", "summary_source")}
)
"""Columns whose migrations may have been skipped; left out where they are missing."""


class ColumnInfo(NamedTuple):
    """One row of ``sql/publish/columns.sql``; ``must_be_given``: not null and without default."""

    table_name: str
    name: str
    type_name: str
    must_be_given: bool


def written_columns(runner: psycopg.Connection[Any]) -> Mapping[str, tuple[str, ...]]:
    """Look at the tables and return the columns to write.

    Args:
        runner: Session on the runner's database with the publishing role.

    Returns:
        Table → columns in order; the optional ones only where they exist.

    Raises:
        SchemaDriftError: A table or column is missing, of another type, or must be given but is not
            known; or the role lacks a privilege. All problems are named at once.
    """
    with runner.cursor(row_factory=class_row(ColumnInfo)) as cursor:
        found = cursor.execute(read_sql("publish/columns.sql"), {"tables": list(TABLES)}).fetchall()
    problems = list(schema_problems(found))
    if not problems:
        with runner.cursor(row_factory=scalar_row) as cursor:
            missing = read_sql("publish/missing_privileges.sql")
            problems += cursor.execute(missing, {"tables": list(TABLES)}).fetchall()
    if problems:
        message = (
            "Nothing was published. The runner's tables are not as expected, or the role of "
            f"BEACON_PUBLISH_URL may not write them ({PUBLISHER_ROLE_FILE}): " + "; ".join(problems)
        )
        raise SchemaDriftError(message)
    there = {(column.table_name, column.name) for column in found}
    return {
        table: tuple(name for name in columns if (table, name) in there)
        for table, columns in COLUMNS.items()
    }


def schema_problems(found: Iterable[ColumnInfo]) -> Iterable[str]:
    """Compare tables with what publishing writes.

    Args:
        found: Every column of the three tables.

    Yields:
        One line per problem, naming table and column.
    """
    there = {(column.table_name, column.name): column for column in found}
    for table, columns in COLUMNS.items():
        if not any(name == table for name, _ in there):
            yield f"table {table} is missing"
            continue
        for name, kind in columns.items():
            column = there.get((table, name))
            if column is None and (table, name) not in OPTIONAL_COLUMNS:
                yield f"{table}.{name} is missing"
            elif column is not None and column.type_name not in ACCEPTED_TYPES[kind]:
                yield f"{table}.{name} is {column.type_name}, expected {kind}"
    for (table, name), column in there.items():
        if column.must_be_given and name not in COLUMNS[table]:
            yield f"{table}.{name} must be given, but its meaning is not known"
