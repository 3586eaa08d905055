"""What publishing refuses, whom it waits for, and what a killed process leaves."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import errors

from dagster_project.embedded_postgres.server import EmbeddedServer, create_database
from dagster_project.extract.schema import SchemaDriftError
from dagster_project.publish.decide import Action
from dagster_project.publish.rows import MOST_ROWS_PER_JOB
from dagster_project.runner_db.schema import SchemaOptions, create_runner_schema
from tests.publish.conftest import Copies, jobs_with

BROKEN_JOBS = """
    select cre.jobspec_id
    from cross_region_executions as cre
    left join region_results as result on result.cross_region_execution_id = cre.id
    left join cross_region_analyses as analysis on analysis.cross_region_execution_id = cre.id
    where cre.jobspec_id = any(%s)
    group by cre.id
    having count(distinct result.id) <> cre.total_regions or count(distinct analysis.id) <> 1
"""
WAITS = (
    "select from pg_stat_activity where application_name = 'beacon:{}' and wait_event_type = 'Lock'"
)


@contextmanager
def publishing_process(copies: Copies, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start ``beacon publish``, one job per transaction; it is killed at the end."""
    inherited = {name: value for name, value in os.environ.items() if "BEACON" not in name}
    with subprocess.Popen(
        [str(Path(sys.executable).with_name("beacon")), "publish"],
        env={
            **inherited,
            "BEACON_HOME": str(home),
            "BEACON_RUNNER_URL": copies.runner,
            "BEACON_WAREHOUSE_URL": copies.warehouse,
            "BEACON_PUBLISH_URL": copies.publisher,
            "BEACON_PUBLISH_ROWS": str(MOST_ROWS_PER_JOB),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        yield process
        process.send_signal(signal.SIGKILL)


def published_jobs(copies: Copies) -> set[object]:
    rows = copies.read(
        "select distinct cre.jobspec_id from cross_region_executions as cre"
        " inner join jobs on cre.jobspec_id = jobs.jobspec_id"
        " inner join cross_region_analyses as analysis"
        " on analysis.cross_region_execution_id = cre.id"
        " where strpos(analysis.summary, 'beacon-analytics') > 0"
    )
    return {job_id for (job_id,) in rows}


def test_killed_in_the_middle_of_a_job_leaves_whole_jobs_only(
    copies: Copies, tmp_path: Path, wait_until: Callable[[str, str], None]
) -> None:
    publishable = jobs_with(copies.publish(dry_run=True), Action.PUBLISHED)
    middle = publishable[len(publishable) // 2]
    copies.publish()
    ((analysis, execution),) = copies.read(
        "select analysis.id, cre.id from cross_region_analyses as analysis"
        " inner join cross_region_executions as cre on analysis.cross_region_execution_id = cre.id"
        " where cre.jobspec_id = %s",
        middle,
    )
    copies.unpublish()
    with psycopg.connect(copies.runner) as obstacle:
        # The publisher's last row of this job waits for whether this one is committed.
        obstacle.execute("set session_replication_role = replica")
        obstacle.execute(
            "insert into cross_region_analyses (id, cross_region_execution_id) values (%s, %s)",
            (analysis, execution),
        )
        with publishing_process(copies, tmp_path):
            wait_until(copies.runner, WAITS.format("publish"))
        obstacle.rollback()
    done = published_jobs(copies)
    assert done == set(publishable[: publishable.index(middle)])
    assert copies.read(BROKEN_JOBS, publishable) == []
    assert len(copies.read("select id from cross_region_executions where id = %s", execution)) == 0
    rest = copies.publish()
    assert set(jobs_with(rest, Action.UNCHANGED)) == done
    assert published_jobs(copies) == set(publishable)


def test_killed_between_the_two_commits_the_record_is_completed_later(
    copies: Copies, tmp_path: Path, wait_until: Callable[[str, str], None]
) -> None:
    with psycopg.connect(copies.warehouse) as obstacle:
        obstacle.execute("lock table ops.publications in exclusive mode")
        with publishing_process(copies, tmp_path):
            wait_until(copies.warehouse, WAITS.format("publish-record"))
    (first,) = published_jobs(copies)
    assert copies.read_warehouse("table ops.publications") == []
    assert jobs_with(copies.publish(), Action.UNCHANGED) == [first]
    recorded = copies.read_warehouse("select job_id from ops.publications")
    assert {job_id for (job_id,) in recorded} == published_jobs(copies)


def test_two_publishers_at_once_do_the_work_of_one(copies: Copies) -> None:
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(copies.publish, most_rows=MOST_ROWS_PER_JOB) for _ in range(2)]
        published = [jobs_with(future.result(), Action.PUBLISHED) for future in futures]
    assert sorted([*published[0], *published[1]]) == sorted(
        jobs_with(copies.publish(), Action.UNCHANGED)
    )
    assert copies.read(BROKEN_JOBS, [*published[0], *published[1]]) == []


@pytest.mark.parametrize(
    "statement",
    [
        "update jobs set status = 'completed'",
        "update executions set status = 'completed'",
        "delete from executions",
        "insert into executions (provider_id, region) values ('', '')",
        "select jobspec_data from jobs",
        "table executions",
        "update cross_region_executions set status = 'completed'",
        "update region_results set status = 'success'",
        "update cross_region_analyses set summary = ''",
        "truncate cross_region_analyses",
        "create table mine ()",
    ],
)
def test_the_publishing_role_may_not(publisher_url: str, statement: LiteralString) -> None:
    with (
        psycopg.connect(publisher_url) as publisher,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        publisher.execute(statement)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("alter table region_results drop column scoring", "region_results.scoring is missing"),
        ("drop table cross_region_analyses", "table cross_region_analyses is missing"),
        (
            "alter table cross_region_executions alter column duration_ms type text",
            "cross_region_executions.duration_ms is text",
        ),
        (
            (
                "alter table region_results add column tenant text not null default '';"
                " alter table region_results alter column tenant drop default"
            ),
            "region_results.tenant",
        ),
        (
            "revoke insert on region_results from beacon_publisher",
            "insert on region_results",
        ),
        ("revoke select (jobspec_id) on jobs from beacon_publisher", "select on jobs"),
    ],
)
def test_a_schema_that_drifted_is_refused_before_anything_is_written(
    copies: Copies, change: LiteralString, named: str
) -> None:
    copies.execute(change)
    with pytest.raises(SchemaDriftError, match=named):
        copies.publish()
    assert copies.read("select from region_results where metadata ? 'published_by'") == []


@pytest.mark.parametrize(
    "change",
    [
        (
            "alter table region_results drop column model_id;"
            " alter table cross_region_analyses drop column summary_source"
        ),
        (
            "alter table region_results alter column metadata type json using metadata::json,"
            " alter column scoring type json using scoring::json"
        ),
        (
            "alter table region_results"
            " drop constraint region_results_cross_region_execution_id_fkey;"
            " alter table cross_region_analyses"
            " drop constraint cross_region_analyses_cross_region_execution_id_fkey"
        ),
        (
            "create trigger on_insert before insert on region_results"
            " for each row execute function touch_updated_at()"
        ),
        (
            "alter table cross_region_executions add check"
            " (status in ('running', 'completed', 'partial', 'failed'));"
            " alter table region_results add check"
            " (status in ('running', 'success', 'failed', 'timeout'))"
        ),
    ],
    ids=["no optional columns", "json", "no foreign keys", "trigger on insert", "checks"],
)
def test_each_state_of_the_runners_migrations_can_be_published_into(
    copies: Copies, change: LiteralString
) -> None:
    copies.execute(change)
    before = copies.source()
    published = jobs_with(copies.publish(), Action.PUBLISHED)
    assert jobs_with(copies.publish(), Action.UNCHANGED) == published != []
    copies.unpublish()
    assert copies.source() == before


def test_another_version_of_postgres_takes_the_same_rows(
    copies: Copies, external_postgres: EmbeddedServer | None
) -> None:
    assert external_postgres is not None, "the wheel brings a second Postgres"
    create_database(external_postgres, "publish_target")
    url = external_postgres.url("publish_target")
    elsewhere = Copies(runner=url, publisher=url, warehouse=copies.warehouse)
    with psycopg.connect(url) as connection:
        create_runner_schema(connection, SchemaOptions())
        for job in copies.read("select jobspec_id, '{}' from jobs"):
            connection.execute("insert into jobs (jobspec_id, jobspec_data) values (%s, %s)", job)
    published = jobs_with(elsewhere.publish(), Action.PUBLISHED)
    assert jobs_with(elsewhere.publish(), Action.UNCHANGED) == published != []
    assert jobs_with(elsewhere.unpublish(), Action.WITHDRAWN) == published
