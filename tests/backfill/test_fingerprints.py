from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from dagster_project.backfill.fingerprints import fingerprints, rows_of, source_days
from dagster_project.embedded_postgres.server import (
    EmbeddedServer,
    create_database,
    embedded_server,
)
from dagster_project.extract.schema import TABLES
from dagster_project.partitions import Window
from dagster_project.runner_db.schema import create_runner_schema
from dagster_project.settings import Settings
from tests.conftest import copy_database, drop_database
from tests.roles import url_as

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


def test_a_copy_of_the_source_is_another_source_although_its_rows_have_the_same_versions(
    runner: psycopg.Connection[tuple[object, ...]],
    runner_url: str,
    postgres_server: EmbeddedServer,
) -> None:
    original = runner.info.dbname
    name = f"{original}_restored"
    runner.close()
    copy_database(postgres_server, original, name)
    first, second = fingerprints(runner_url), fingerprints(postgres_server.url(name))
    drop_database(postgres_server, name)
    assert source_days(runner_url)
    for day in (FIRST, SECOND):
        assert first[day] != second[day]
        assert first[day].partition(" ")[2] == second[day].partition(" ")[2]


def test_one_dump_restored_into_two_fresh_clusters_makes_two_sources(tmp_path: Path) -> None:
    found = []
    for number in ("first", "second"):
        with embedded_server(tmp_path / number, Settings().pg_bindir, durable=False) as server:
            create_database(server, "runner")
            with psycopg.connect(server.url("runner"), autocommit=True) as restored:
                create_runner_schema(restored)
                restored.execute(
                    "insert into jobs (id, jobspec_id, jobspec_data, created_at)"
                    " values (1, 'a', '{}', '2025-10-01 12:00')"
                )
            found.append(fingerprints(server.url("runner")))
    first, second = found
    assert first[FIRST] != second[FIRST]
    # What a restore is mistaken for: rows and their versions are the same.
    assert first[FIRST].partition(" ")[2] == second[FIRST].partition(" ")[2]


def test_the_cluster_is_part_of_a_sources_identity_where_the_role_may_ask_for_it(
    runner: psycopg.Connection[tuple[object, ...]], runner_url: str
) -> None:
    runner.execute("create role no_cluster_reader login")
    try:
        runner.execute("grant select on all tables in schema public to no_cluster_reader")
        reader = url_as(runner_url, "no_cluster_reader")
        assert fingerprints(reader) == fingerprints(runner_url)
        runner.execute("revoke execute on function pg_control_system() from public")
        without = fingerprints(reader)
        assert without[FIRST] != fingerprints(runner_url)[FIRST]
        assert fingerprints(reader) == without
    finally:
        runner.execute("grant execute on function pg_control_system() to public")
        runner.execute("drop owned by no_cluster_reader; drop role no_cluster_reader")


@pytest.mark.parametrize("kind", ["view", "materialized view", "partitioned table"])
def test_changes_are_seen_in_whatever_stands_for_a_table(
    runner: psycopg.Connection[tuple[object, ...]], runner_url: str, kind: str
) -> None:
    runner.execute("alter table executions rename to stored")
    body = {
        "view": "create view executions as select * from stored",
        "materialized view": "create materialized view executions as select * from stored",
        "partitioned table": "create table executions (like stored) partition by range (id);"
        " create table executions_1 partition of executions for values from (1) to (100);"
        " insert into executions select * from stored",
    }
    runner.execute(body[kind].encode())
    before = fingerprints(runner_url)
    assert rows_of(before[FIRST]) == 3
    # As long as the old one, which no size tells apart.
    changed = "executions" if kind == "partitioned table" else "stored"
    runner.execute(f"update {changed} set status = 'pendinG' where id = 1".encode())
    if kind == "materialized view":
        runner.execute("refresh materialized view executions")
    assert fingerprints(runner_url)[FIRST] != before[FIRST]


def test_columns_that_the_source_gains_never_meet_ours(
    runner: psycopg.Connection[tuple[object, ...]], runner_url: str
) -> None:
    before = {day: rows_of(found) for day, found in fingerprints(runner_url).items()}
    for table in TABLES:
        for column in ("row_version", "job_day", "has_time", "own_day", "problem", "days"):
            runner.execute(
                sql.SQL("alter table {} add column {} text").format(
                    sql.Identifier(table), sql.Identifier(column)
                )
            )
    assert {day: rows_of(found) for day, found in fingerprints(runner_url).items()} == before
