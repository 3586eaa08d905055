"""What the warehouse holds now: counts and content hashes, each from one snapshot."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from dagster_project.postgres import connect, only_row, read_sql

HASHED_SCHEMA = "analytics"
RUN_AND_CLOCK_COLUMNS = ["run_id", "built_at", "loaded_at"]

Row = dict[str, Any]


@dataclass(frozen=True)
class ContentHash:
    """Rows of one relation and their order-independent hash."""

    rows: int
    content_hash: str


@dataclass(frozen=True)
class Holdings:
    """What the warehouse holds.

    Attributes:
        jobs: Rows of workflow, status, analysis_state, jobs.
        executions: Rows of source, executions: unified, each slot once.
        losers: Rows of attempt_reason, attempts: what deduplication left out.
        quarantine: Rows of source_table, quarantined_rows.
        gained: standard_jobs, without_analysis_before, with_metrics_now.
    """

    jobs: list[Row]
    executions: list[Row]
    losers: list[Row]
    quarantine: list[Row]
    gained: Row


def read_holdings(url: str) -> Holdings:
    """Count what the warehouse holds.

    Args:
        url: libpq URL of the warehouse.

    Returns:
        The counts, all from one snapshot.
    """
    with connect(url, application="status", read_only=True) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return Holdings(
            jobs=_rows(connection, "jobs"),
            executions=_rows(connection, "executions"),
            losers=_rows(connection, "losers"),
            quarantine=_rows(connection, "quarantine"),
            gained=_rows(connection, "gained")[0],
        )


def read_content_hashes(url: str) -> dict[str, ContentHash]:
    """Hash every relation that analysts read.

    Args:
        url: libpq URL of the warehouse.

    Returns:
        ``analytics.<relation>`` → rows and hash; run ids and clock columns are left out.
    """
    with connect(url, application="status", read_only=True) as connection:
        relations = connection.execute(
            read_sql("cli/relations.sql"),
            {"schema": HASHED_SCHEMA, "left_out": RUN_AND_CLOCK_COLUMNS},
        ).fetchall()
        return {
            f"{HASHED_SCHEMA}.{table}": _hash(connection, str(table), columns)
            for table, columns in relations
        }


def _hash(connection: psycopg.Connection[Any], table: str, columns: list[str]) -> ContentHash:
    query = read_sql("cli/content_hash.sql").format(
        columns=sql.SQL(", ").join(sql.Identifier(column) for column in columns),
        relation=sql.Identifier(HASHED_SCHEMA, table),
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        row = only_row(cursor.execute(query))
    return ContentHash(rows=row["row_count"], content_hash=row["content_hash"])


def _rows(connection: psycopg.Connection[Any], name: str) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(read_sql(f"cli/{name}.sql")).fetchall()
