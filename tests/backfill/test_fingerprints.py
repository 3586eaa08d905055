from collections.abc import Iterator
from datetime import date
from typing import LiteralString

import psycopg
import pytest

from dagster_project.backfill.fingerprints import fingerprints, source_days
from dagster_project.partitions import Window
from dagster_project.runner_db.schema import create_runner_schema

FIRST = date(2025, 10, 1)
SECOND = date(2025, 10, 2)


@pytest.fixture
def runner(runner_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Two days with a job and an execution each."""
    with psycopg.connect(runner_url, autocommit=True) as connection:
        create_runner_schema(connection)
        connection.execute(
            "insert into jobs (id, jobspec_id, jobspec_data, created_at)"
            " values (1, 'a', '{}', '2025-10-01 12:00'), (2, 'b', '{}', '2025-10-02 12:00');"
            " insert into executions (id, job_id, provider_id, region, created_at)"
            " values (1, 1, '', 'US', '2025-10-01 12:00'), (2, 2, '', 'US', '2025-10-02 12:00');"
            " insert into cross_region_executions (id, jobspec_id, started_at)"
            " values ('00000000-0000-0000-0000-000000000001', 'a', now())"
        )
        yield connection


@pytest.mark.parametrize(
    "change",
    [
        "insert into executions (id, job_id, provider_id, region) values (3, 1, '', 'EU')",
        "update executions set status = 'completed' where id = 1",
        "update executions set region = region where id = 1",
        "delete from executions where id = 1",
        "update jobs set status = status where id = 1",
        """
        insert into region_results (id, cross_region_execution_id, region, status, started_at)
        select gen_random_uuid(), id, 'US', 'success', now() from cross_region_executions
        """,
        """
        insert into cross_region_analyses (id, cross_region_execution_id)
        select gen_random_uuid(), id from cross_region_executions
        """,
        "delete from cross_region_executions",
        "insert into diffs (job_id) values (1)",
    ],
)
def test_every_change_changes_the_fingerprint_of_its_day_only(
    runner: psycopg.Connection[tuple[object, ...]], runner_url: str, change: LiteralString
) -> None:
    before = fingerprints(runner_url)
    runner.execute(change)
    after = fingerprints(runner_url)
    assert after[FIRST] != before[FIRST]
    assert after[SECOND] == before[SECOND]


def test_without_a_change_the_fingerprints_stay(
    runner: psycopg.Connection[tuple[object, ...]], runner_url: str
) -> None:
    before = fingerprints(runner_url)
    runner.execute("vacuum analyze")
    assert fingerprints(runner_url) == before


def test_a_window_shows_its_days_only(
    runner: psycopg.Connection[tuple[object, ...]], runner_url: str
) -> None:
    assert fingerprints(runner_url, Window.of_day(FIRST)) == {
        FIRST: fingerprints(runner_url)[FIRST]
    }


def test_a_moved_job_changes_both_days(
    runner: psycopg.Connection[tuple[object, ...]], runner_url: str
) -> None:
    before = fingerprints(runner_url)
    runner.execute("update jobs set created_at = '2025-10-02 13:00' where id = 1")
    after = fingerprints(runner_url)
    assert FIRST not in after
    assert after[SECOND] != before[SECOND]


def test_rows_are_counted_by_day_and_table(
    runner: psycopg.Connection[tuple[object, ...]], runner_url: str
) -> None:
    counts = [(day.job_day, day.source_table, day.row_count) for day in source_days(runner_url)]
    assert counts == [
        (FIRST, "cross_region_executions", 1),
        (FIRST, "executions", 1),
        (FIRST, "jobs", 1),
        (SECOND, "executions", 1),
        (SECOND, "jobs", 1),
    ]
