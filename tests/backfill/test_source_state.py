"""A source in which nothing can have changed is not read again; any other is."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import LiteralString

import psycopg
import pytest

from dagster_project.backfill import ledger
from dagster_project.backfill.fingerprints import read_source
from dagster_project.backfill.ledger import Cause, Outcome
from dagster_project.backfill.plan import EXTRACT, State, note_source, read_plan
from dagster_project.embedded_postgres.server import create_database, embedded_server
from dagster_project.partitions import Window
from dagster_project.runner_db.schema import create_runner_schema
from dagster_project.settings import Settings
from dagster_project.stage import Databases

FIRST, SECOND = date(2025, 10, 1), date(2025, 10, 2)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of a runner's database on a server where nobody else ends transactions."""
    folder = tmp_path_factory.mktemp("quiet")
    with embedded_server(folder, Settings().pg_bindir, durable=False) as server:
        create_database(server, "runner")
        with psycopg.connect(server.url("runner"), autocommit=True) as connection:
            connection.execute("alter system set autovacuum = off")
            connection.execute("select pg_reload_conf()")
            create_runner_schema(connection)
            connection.execute(
                "insert into jobs (id, jobspec_id, jobspec_data, created_at)"
                " values (1, 'a', '{}', '2025-10-01 12:00'), (2, 'b', '{}', '2025-10-02 12:00')"
            )
        yield server.url("runner")


@pytest.mark.parametrize(
    "change",
    [
        "insert into executions (job_id, provider_id, region) values (1, '', 'EU')",
        "update executions set region = region",
        "truncate executions",
        "alter table jobs add column more text; update jobs set more = 'm' where id = 1",
        "create table elsewhere (n int)",
    ],
)
def test_a_transaction_that_has_ended_lets_the_source_be_read_again(
    quiet: str, change: LiteralString
) -> None:
    before = read_source(quiet)
    assert read_source(quiet, known=before) is before
    with psycopg.connect(quiet) as connection:
        connection.execute(change)
        during = read_source(quiet, known=before)
        assert during.days == before.days
    after = read_source(quiet, known=during)
    assert after is not during
    assert after == read_source(quiet)


def test_what_another_server_may_hold_is_always_read(quiet: str) -> None:
    with psycopg.connect(quiet, autocommit=True) as connection:
        connection.execute("alter table diffs rename to stored")
        connection.execute("create view diffs as select * from stored")
        found = read_source(quiet)
        connection.execute("drop view diffs; alter table stored rename to diffs")
    assert found.state is None
    assert read_source(quiet, known=found) is not found


def test_a_plan_reads_a_source_once_that_is_copied_as_it_is(quiet: str, warehouse_url: str) -> None:
    databases = Databases(quiet, warehouse_url)
    copy(databases, read_source(quiet).days)
    plan = read_plan(databases)
    note_source(databases, plan)
    read = scans(quiet)
    assert read_plan(databases) == plan
    assert scans(quiet) == read
    (only,) = read_plan(databases, Window.of_day(SECOND)).days
    assert only.job_day == SECOND
    assert scans(quiet) == read
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute("delete from ops.partition_ledger where job_day = %s", (FIRST,))
    missing = [day.job_day for day in read_plan(databases).days if day.state is State.MISSING]
    assert FIRST in missing
    assert scans(quiet) > read


def test_a_source_that_is_not_copied_is_not_noted(quiet: str, warehouse_url: str) -> None:
    databases = Databases(quiet, warehouse_url)
    copy(databases, {FIRST: read_source(quiet).days[FIRST]})
    note_source(databases, read_plan(databases))
    read = scans(quiet)
    assert [day.job_day for day in read_plan(databases).days] == [FIRST, SECOND]
    assert scans(quiet) > read


def copy(databases: Databases, days: Mapping[date, str]) -> None:
    """Write into the ledger that days were extracted."""
    with psycopg.connect(databases.warehouse, autocommit=True) as connection:
        ledger.begin(connection, EXTRACT, None, list(days), Cause("run", "test"))
        ledger.finish(
            connection,
            [Outcome(day, EXTRACT, "done", made, "1") for day, made in days.items()],
        )


def scans(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select sum(seq_scan + coalesce(idx_scan, 0))::bigint from pg_stat_user_tables"
            " where relname = 'jobs'"
        ).fetchone()
    assert found
    return int(found[0])
