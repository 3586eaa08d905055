"""What is read, where there is much history: what a day needs, and the periods' days once."""

from collections.abc import Mapping
from datetime import date, timedelta

import psycopg
import pytest
from psycopg import sql

from dagster_project.backfill import runs
from dagster_project.backfill.ledger import Cause
from dagster_project.backfill.runs import Work, process_days
from dagster_project.backfill.stages import STAGES
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.partitions import Window
from dagster_project.unify.setup import SEED_OF_CHECK, unknown_values
from tests.faults.content import content_of
from tests.orchestrate.copies import copied_pipeline
from tests.pipeline import Pipeline

COPIES = 30
MOST_SHARE = 0.3
"""Of a table's rows that one day's statements, some dozens, may read all together."""
KEYS = {
    "intermediate.int_executions__resolved": ("execution_key", "job_id"),
    "intermediate.int_jobs__requested": ("job_id",),
    "analytics.data_quality_daily": ("quality_key",),
    "analytics.fct_job_region_scores": ("job_region_key", "job_id"),
    "analytics.job_status": ("job_id",),
    "scores.answers": ("execution_key", "job_id"),
    "scores.answer_pairs": ("left_key", "right_key", "job_id"),
}
"""Columns that tell rows from each other, by table; each has job_day, too."""


def add_history(connection: psycopg.Connection, table: str) -> int:
    """Copy a table's rows into other years, under other keys; returns how many there are then."""
    name = sql.Identifier(*table.split("."))
    keys = sql.SQL(", ").join(
        sql.SQL("{}, {} || '/' || copy").format(sql.Literal(key), sql.Identifier(key))
        for key in KEYS[table]
    )
    connection.execute(
        sql.SQL(
            "select ops.ensure_months({table}, array_agg(distinct job_day - 400 * copy))"
            " from {name}, generate_series(1, {copies}) as copy"
        ).format(name=name, table=sql.Literal(table), copies=sql.Literal(COPIES))
    )
    connection.execute(
        sql.SQL(
            "insert into {name} select made.* from {name} as stored, generate_series(1, {copies})"
            " as copy, jsonb_populate_record(stored, jsonb_build_object("
            " 'job_day', stored.job_day - 400 * copy, {keys})) as made"
        ).format(name=name, copies=sql.Literal(COPIES), keys=keys)
    )
    connection.execute(sql.SQL("analyze {}").format(name))
    found = connection.execute(sql.SQL("select count(*) from {}").format(name)).fetchone()
    assert found
    return int(found[0])


def rows_read(connection: psycopg.Connection) -> Mapping[str, int]:
    # A session tells what it read once a second at most, unless it is asked to.
    connection.execute("select pg_stat_force_next_flush()")
    return dict(
        connection.execute(
            "select coalesce(inhparent, relid)::regclass::text,"
            " sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint"
            " from pg_stat_user_tables left join pg_inherits on relid = inhrelid group by 1"
        ).fetchall()
    )


@pytest.mark.usefixtures("pipeline")
def test_a_day_is_made_without_reading_the_other_days(
    pipeline: Pipeline, postgres_server: EmbeddedServer
) -> None:
    day = date.fromisoformat(max(pipeline.manifest.job_days))
    work = Work(Window.of_day(day), STAGES, Cause("a test's", "test"), batch_rows=10_000)
    with (
        copied_pipeline(postgres_server) as databases,
        psycopg.connect(databases.warehouse, autocommit=True) as connection,
    ):
        rows = {table: add_history(connection, table) for table in KEYS}
        # Tables of a test are so small that reading all of one is the cheapest plan.
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("alter database {} set enable_seqscan = off").format(database))
        # What this session has read itself is counted before.
        connection.execute("select pg_stat_force_next_flush()")
        before = rows_read(connection)
        assert not [bad for done in process_days(databases, work) for bad in done.bad_days]
        for check in SEED_OF_CHECK:
            unknown_values(databases.warehouse, check, work.window)
        after = rows_read(connection)
    shares = {table: (after[table] - before[table]) / rows[table] for table in KEYS}
    assert {table: share for table, share in shares.items() if share > MOST_SHARE} == {}
    assert all(shares.values())


@pytest.mark.usefixtures("pipeline")
def test_a_run_of_many_spans_analyses_its_days_together(
    pipeline: Pipeline, postgres_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = date.fromisoformat(max(pipeline.manifest.job_days))
    window = Window.of_days(last - timedelta(days=1), last)
    work = Work(window, STAGES, Cause("a test's", "test"), batch_rows=10_000)
    monkeypatch.setattr(runs, "SPAN_ROWS", 1)
    with copied_pipeline(postgres_server) as databases:
        before = content_of(databases.warehouse)
        done = [(one.stage, list(one.rows), one.is_last) for one in process_days(databases, work)]
        assert content_of(databases.warehouse) == before
    *of_days, analyse = STAGES
    assert done == [
        *((stage, [day], False) for day in window.days for stage in of_days),
        (analyse, list(window.days), True),
    ]
