"""What the warehouse holds now: counts and content hashes, each from one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row

from dagster_project.deliver.one_job import Row, snapshot
from dagster_project.postgres import connect, only_row, read_sql

HASHED_SCHEMA = "analytics"
RUN_AND_CLOCK_COLUMNS = ["run_id", "built_at", "loaded_at"]

JOBS = """
select workflow, status, analysis_state, count(*) as jobs
from analytics.job_status
group by workflow, status, analysis_state
order by workflow, status, analysis_state
"""
EXECUTIONS = """
select source, count(*) as executions
from analytics.executions_unified
group by source
order by source
"""
LOSERS = """
select attempt_reason, count(*) as attempts
from analytics.execution_attempts
where not is_current
group by attempt_reason
order by attempt_reason
"""
QUARANTINE = """
select source_table, count(*) as quarantined_rows
from ops.quarantine
group by source_table
order by source_table
"""
GAINED = """
select
    count(*) as standard_jobs,
    count(*) filter (where not had_native_analysis) as without_analysis_before,
    count(*) filter (
        where not had_native_analysis and analysis_state = 'analysed'
    ) as with_metrics_now
from analytics.fct_job_bias_metrics
where workflow = 'standard'
"""
RELATIONS = """
select table_name, array_agg(column_name::text order by ordinal_position) as column_names
from information_schema.columns
where table_schema = %(schema)s and column_name <> all(%(left_out)s)
group by table_name
order by table_name
"""
# Same rows in any order, same hash: a sum does not depend on order, and counts duplicates.
CONTENT_HASH = sql.SQL("""
select
    count(*) as rows,
    coalesce(sum(hashtextextended(row({columns})::text, 0)::numeric), 0)::text as content_hash
from {relation}
""")


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
        gained: Standard jobs: how many the runner had an analysis for, how many have metrics now.
    """

    jobs: list[Row]
    executions: list[Row]
    losers: list[Row]
    quarantine: list[Row]
    gained: Row


def read_holdings(url: str) -> Holdings:
    """Count what the warehouse holds."""
    with snapshot(url, "status") as connection:
        return Holdings(
            jobs=_rows(connection, JOBS),
            executions=_rows(connection, EXECUTIONS),
            losers=_rows(connection, LOSERS),
            quarantine=_rows(connection, QUARANTINE),
            gained=_rows(connection, GAINED)[0],
        )


def read_telling_jobs(url: str) -> Mapping[str, str]:
    """Return the ids of at most three jobs to look at first, by the reason (telling_jobs.sql)."""
    with snapshot(url, "status") as connection:
        return dict(connection.execute(read_sql("cli/telling_jobs.sql")).fetchall())


def read_content_hashes(url: str) -> dict[str, ContentHash]:
    """Hash every relation that analysts read.

    Returns:
        ``analytics.<relation>`` → rows and hash; run ids and clock columns are left out.
    """
    values = {"schema": HASHED_SCHEMA, "left_out": RUN_AND_CLOCK_COLUMNS}
    with connect(url, application="status", read_only=True) as connection:
        return {
            f"{HASHED_SCHEMA}.{table}": _hash(connection, str(table), columns)
            for table, columns in connection.execute(RELATIONS, values).fetchall()
        }


def _hash(connection: psycopg.Connection[Any], table: str, columns: list[str]) -> ContentHash:
    query = CONTENT_HASH.format(
        columns=sql.SQL(", ").join(sql.Identifier(column) for column in columns),
        relation=sql.Identifier(HASHED_SCHEMA, table),
    )
    with connection.cursor(row_factory=class_row(ContentHash)) as cursor:
        return only_row(cursor.execute(query))


def _rows(connection: psycopg.Connection[Any], statement: LiteralString) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement).fetchall()
