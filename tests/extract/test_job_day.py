from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from dagster_project.backfill.fingerprints import source_days
from dagster_project.extract.schema import TABLES, TableShape, table_shapes
from dagster_project.extract.window import extract_window, window_parameters, window_rows
from dagster_project.partitions import ALL_DAYS, START_DATE, Window
from tests.extract.conftest import DAY, NEXT_NOON, NOON, ZERO_TIME, Pipeline


def day_of(pipeline: Pipeline, table: str) -> list[date]:
    """Extract everything and return the distinct job_days of a raw table."""
    extract_window(pipeline.runner_url, pipeline.warehouse_url, ALL_DAYS, 100)
    days = {day.job_day for day in source_days(pipeline.runner_url) if day.source_table == table}
    rows = pipeline.warehouse.execute(
        "select distinct job_day from raw.jobs where %(table)s = 'jobs'"
        " union select distinct job_day from raw.executions where %(table)s = 'executions'"
        " union select distinct job_day from raw.cross_region_executions"
        " where %(table)s = 'cross_region_executions'"
        " union select distinct job_day from raw.region_results where %(table)s = 'region_results'",
        {"table": table},
    ).fetchall()
    found = sorted(day for (day,) in rows)
    assert found == sorted(days)
    return found


@pytest.mark.parametrize(
    ("created_at", "job_day"),
    [
        ("2025-10-01 00:00:00", date(2025, 10, 1)),
        ("2025-10-01 23:59:59.999999", date(2025, 10, 1)),
        ("2025-10-02 00:00:00", date(2025, 10, 2)),
        ("2025-01-01 00:00:00", START_DATE),
    ],
)
def test_days_begin_at_midnight_utc(pipeline: Pipeline, created_at: str, job_day: date) -> None:
    pipeline.insert("jobs", created_at=created_at)
    assert day_of(pipeline, "jobs") == [job_day]


def test_the_day_does_not_depend_on_the_database_time_zone(pipeline: Pipeline) -> None:
    pipeline.runner.execute(
        "do $$ begin execute format("
        "'alter database %I set timezone = ''Asia/Tokyo''', current_database()); end $$"
    )
    pipeline.insert("cross_region_executions", created_at="2025-10-01 23:30:00+00")
    assert day_of(pipeline, "cross_region_executions") == [date(2025, 10, 1)]


@pytest.mark.parametrize("created_at", [ZERO_TIME, "2024-12-31 23:59", "2999-01-01", None])
def test_a_job_with_a_wrong_clock_takes_its_earliest_executions_day(
    pipeline: Pipeline, created_at: str | None
) -> None:
    job = pipeline.insert("jobs", created_at=created_at)
    pipeline.insert("executions", job_id=job, created_at=NEXT_NOON)
    pipeline.insert("executions", job_id=job, created_at=NOON)
    pipeline.insert("executions", job_id=job, created_at=ZERO_TIME)
    assert day_of(pipeline, "jobs") == [date(2025, 10, 1)]
    assert day_of(pipeline, "executions") == [date(2025, 10, 1)]


def test_a_client_clock_may_run_a_day_ahead(pipeline: Pipeline) -> None:
    ahead = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=23)
    pipeline.insert("jobs", created_at=ahead)
    assert day_of(pipeline, "jobs") == [ahead.date()]


def test_without_executions_the_cross_region_execution_tells_the_day(pipeline: Pipeline) -> None:
    pipeline.insert("jobs", created_at=ZERO_TIME, updated_at="2025-12-24")
    pipeline.insert("cross_region_executions", created_at=NOON)
    assert day_of(pipeline, "jobs") == [date(2025, 10, 1)]


def test_a_published_cross_region_execution_tells_nothing(pipeline: Pipeline) -> None:
    pipeline.insert("jobs", created_at=ZERO_TIME, updated_at="2025-12-24")
    pipeline.insert("cross_region_executions", created_at=NOON)
    pipeline.insert("region_results", metadata='{"published_by": "beacon-analytics"}')
    assert day_of(pipeline, "jobs") == [date(2025, 12, 24)]


def test_results_follow_their_job_however_late_they_came(pipeline: Pipeline) -> None:
    job = pipeline.insert("jobs", created_at=NOON)
    pipeline.insert("executions", job_id=job, created_at="2025-11-11")
    pipeline.insert("cross_region_executions", created_at="2025-11-12")
    pipeline.insert("region_results", created_at="2025-11-13")
    assert day_of(pipeline, "executions") == [date(2025, 10, 1)]
    assert day_of(pipeline, "region_results") == [date(2025, 10, 1)]


def test_an_execution_without_a_job_has_its_own_day(pipeline: Pipeline) -> None:
    pipeline.insert("executions", job_id=None, created_at=ZERO_TIME, started_at=NEXT_NOON)
    assert day_of(pipeline, "executions") == [date(2025, 10, 2)]


def test_an_execution_whose_job_is_gone_has_its_own_day(pipeline: Pipeline) -> None:
    pipeline.runner.execute("alter table executions drop constraint executions_job_id_fkey")
    pipeline.insert("executions", job_id=999, created_at=NEXT_NOON)
    assert day_of(pipeline, "executions") == [date(2025, 10, 2)]


def test_a_cross_region_execution_without_a_job_has_its_own_day(pipeline: Pipeline) -> None:
    pipeline.insert("cross_region_executions", jobspec_id="never a job", created_at=NEXT_NOON)
    pipeline.insert("region_results", created_at=NOON)
    assert day_of(pipeline, "cross_region_executions") == [date(2025, 10, 2)]
    assert day_of(pipeline, "region_results") == [date(2025, 10, 2)]


def test_a_result_without_an_execution_has_its_own_day(pipeline: Pipeline) -> None:
    pipeline.runner.execute(
        "alter table region_results drop constraint region_results_cross_region_execution_id_fkey"
    )
    pipeline.insert("region_results", created_at=NEXT_NOON)
    assert day_of(pipeline, "region_results") == [date(2025, 10, 2)]


def test_every_source_row_has_exactly_one_day(pipeline: Pipeline) -> None:
    for number, created_at in enumerate([NOON, NEXT_NOON, ZERO_TIME, None, "infinity"]):
        job = pipeline.insert(
            "jobs", jobspec_id=f"job-{number}", created_at=created_at, updated_at=None
        )
        pipeline.insert("executions", job_id=job, created_at=created_at)
        pipeline.insert("executions", job_id=None, created_at=created_at)
    result = extract_window(pipeline.runner_url, pipeline.warehouse_url, ALL_DAYS, 100)
    for table, count in (("jobs", 5), ("executions", 10)):
        assert result.rows[table] + result.quarantined[table] == count
        assert count == sum(
            day.row_count for day in source_days(pipeline.runner_url) if day.source_table == table
        )
    assert result.quarantined["jobs"] == 3


def test_rows_of_one_public_id_lie_on_the_first_of_their_days(pipeline: Pipeline) -> None:
    pipeline.runner.execute("alter table jobs drop constraint jobs_jobspec_id_key")
    run = pipeline.insert("cross_region_executions", jobspec_id="again", created_at=NEXT_NOON)
    for created_at in (NEXT_NOON, NOON, "0001-01-01"):
        job = pipeline.insert("jobs", jobspec_id="again", created_at=created_at, updated_at=None)
        pipeline.insert("executions", job_id=job, created_at=NEXT_NOON)
    result = extract_window(pipeline.runner_url, pipeline.warehouse_url, ALL_DAYS, 100)
    assert set(result.quarantined.values()) == {0}
    for table, count in (("jobs", 3), ("executions", 3), ("cross_region_executions", 1)):
        found = pipeline.warehouse.execute(
            sql.SQL("select distinct job_day, count(*) over () from raw.{}").format(
                sql.Identifier(table)
            )
        ).fetchall()
        assert found == [(DAY, count)]
    assert run


def test_days_are_found_without_reading_whole_tables(pipeline: Pipeline) -> None:
    for table in TABLES:
        # Few rows per page: as many pages as a big table has, in a second.
        pipeline.runner.execute(
            sql.SQL("alter table {} set (fillfactor = 10)").format(sql.Identifier(table))
        )
    pipeline.runner.execute(
        "insert into jobs (jobspec_id, jobspec_data, created_at)"
        " select 'job-' || i, '{}', timestamp '2025-06-01' + i * interval '10 minutes'"
        " from generate_series(1, 20000) as i;"
        " insert into executions (job_id, provider_id, region, created_at)"
        " select id, '', 'US', created_at from jobs;"
        " insert into cross_region_executions (id, jobspec_id, started_at, created_at)"
        " select gen_random_uuid(), jobspec_id, created_at, created_at from jobs;"
        " insert into region_results"
        " (id, cross_region_execution_id, region, status, started_at, created_at)"
        " select gen_random_uuid(), id, 'US', 'success', started_at, created_at"
        " from cross_region_executions;"
        " insert into cross_region_analyses (id, cross_region_execution_id)"
        " select gen_random_uuid(), id from cross_region_executions"
    )
    pipeline.runner.execute("vacuum analyze")
    shapes = table_shapes(pipeline.runner, pipeline.warehouse)
    assert {table.name: tables_read_whole(pipeline, table) for table in shapes} == {
        table.name: {"diffs"} if table.name == "diffs" else set() for table in shapes
    }


def tables_read_whole(pipeline: Pipeline, table: TableShape) -> set[str]:
    """Run the query for one day and return the runner's tables that it scanned."""
    query = sql.SQL("explain (analyze, format json) {}").format(window_rows(table))
    with psycopg.ClientCursor(pipeline.runner) as cursor:
        found = cursor.execute(query, window_parameters(Window.of_day(DAY))).fetchone()
    assert found is not None
    return {
        node["Relation Name"]
        for node in plan_nodes(found[0][0]["Plan"])
        if node["Node Type"] == "Seq Scan"
        and node["Actual Loops"] > 0
        and node["Actual Loops"] > 0
        and node["Relation Name"] in TABLES
    }


def plan_nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from plan_nodes(child)
