"""The big tables by month: a warehouse of the release before is brought there, killed or not."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from dagster_project.backfill.stages import present_versions
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.partitions import Window
from dagster_project.unify.setup import set_up_warehouse
from dagster_project.warehouse import create_schema, move_into_months
from tests.reference.rows import cross_region_execution, execution, job, region_result
from tests.unify.warehouse import Row, execute, load, read, unify

BIG = (
    "raw.executions",
    "raw.region_results",
    "scores.answers",
    "scores.answer_pairs",
    "intermediate.int_executions__resolved",
)
DAYS = [date(2025, 9, 30), date(2025, 10, 1), date(2025, 10, 31), date(2025, 11, 2)]
MONTHS = ["2025_09", "2025_10", "2025_11"]
ROLE = "reader_of_months"
KINDS = "select relkind::text as kind from pg_class where oid = any(%s::text[]::regclass[])"
PARTS = (
    "select relname as name from pg_class"
    " where relnamespace = 'partitions'::regnamespace and relkind = 'r' order by 1"
)


@pytest.fixture
def filled(new_warehouse: Callable[[], str]) -> str:
    """Jobs of three months, unified, with something in each of the big tables."""
    url = new_warehouse()
    rows: dict[str, list[Row]] = {
        name: [] for name in ("jobs", "executions", "cross_region_executions", "region_results")
    }
    for number, day in enumerate(DAYS, 1):
        name = f"job-{number}"
        rows["jobs"].append(job(id=number, jobspec_id=name, job_day=day))
        rows["executions"].append(execution(number, job_id=number, job_day=day))
        rows["cross_region_executions"].append(
            cross_region_execution(number, jobspec_id=f"run-{number}", job_day=day)
        )
        rows["region_results"].append(
            region_result(1000 + number, cross_region_execution_id=UUID(int=number), job_day=day)
        )
    load(url, rows)
    unify(url, Window.of_days(DAYS[0], DAYS[-1]))
    execute(
        url,
        "select ops.ensure_months(name::regclass, array(select job_day from raw.executions))"
        " from (values ('scores.answers'), ('scores.answer_pairs')) as tables (name);"
        " insert into scores.answers select made.*"
        " from intermediate.int_executions__resolved as resolved,"
        " jsonb_populate_record(null::scores.answers, to_jsonb(resolved) || jsonb_build_object("
        "'runner_classification', 'substantive', 'runner_response_length', 6,"
        " 'runner_political_sensitivity', 0, 'runner_censorship_score', 0,"
        " 'runner_cultural_bias', 0, 'runner_factual_accuracy', 1, 'runner_sentiment', 0,"
        " 'runner_keyword_flags', '{}'::text[], 'refusal_rules', '{}'::text[],"
        " 'method_version', 'a test''s')) as made;"
        " insert into scores.answer_pairs (left_key, right_key, job_id, job_day, question_id,"
        " left_region, right_region, runner_jaccard, method_version)"
        " select execution_key, 'other', 'a', job_day, 'q', 'US', 'EU', 1, 'a test''s'"
        " from scores.answers",
    )
    return url


@pytest.fixture
def old(filled: str, postgres_server: EmbeddedServer) -> Iterator[str]:
    """The same rows in the tables of the last release, with a stranger's view and grants."""
    with psycopg.connect(filled) as connection:
        connection.execute("create schema partitioned")
        for table in BIG:
            schema, name = table.split(".")
            aside = f"{schema}__{name}"
            change = (
                f"alter table {table} rename to {aside};"
                f" alter table {schema}.{aside} set schema partitioned; {_ddl(table)}"
            )
            connection.execute("select ops.rebuild(%s, %s, '{}')", (table, change))
            connection.execute(f"insert into {table} table partitioned.{aside}".encode())
        connection.execute("drop schema partitioned cascade; drop schema partitions cascade")
        connection.execute(
            f"create role {ROLE}; grant select on raw.executions to {ROLE};"
            " create view public.theirs as select id, job_day from raw.executions"
        )
    yield filled
    execute(filled, f"drop owned by {ROLE}; drop role {ROLE}")


def _ddl(table: str) -> str:
    statements = Path(__file__).with_name("last_release.sql").read_text(encoding="utf-8")
    return "; ".join(
        statement
        for statement in statements.split(";")
        if f" {table} " in statement.replace("\n", " ")
    )


def contents(url: str) -> dict[str, list[Row]]:
    names = (*BIG, "analytics.execution_attempts", "public.theirs")
    return {name: read(url, f"select * from {name} as rows order by rows::text") for name in names}


def parts_of(*tables: str) -> list[str]:
    return sorted(f"{name.replace('.', '_')}_{month}" for name in tables for month in MONTHS)


def parts(url: str) -> list[str]:
    return [row["name"] for row in read(url, PARTS)]


def is_blocked(url: str) -> int | None:
    found = read(
        url,
        "select pid from pg_stat_activity where application_name = 'beacon:setup'"
        " and datname = current_database() and wait_event_type = 'Lock'",
    )
    return found[0]["pid"] if found else None


def test_a_warehouse_of_the_last_release_is_brought_there_though_it_is_killed_on_the_way(
    old: str,
) -> None:
    before = contents(old)
    assert {row["kind"] for row in read(old, KINDS, list(BIG))} == {"r"}
    create_schema(old)
    assert contents(old) == before
    execute(old, "select ops.move_month()")
    assert parts(old) == sorted(
        ["raw_executions_2025_09", *(f"{name.replace('.', '_')}_waiting" for name in BIG)]
    )
    with psycopg.connect(old) as reader, ThreadPoolExecutor() as pool:
        reader.execute("select from partitions.raw_executions_waiting")
        moving = pool.submit(move_into_months, old)
        while (pid := is_blocked(old)) is None:
            assert not moving.done()
        execute(old, f"select pg_terminate_backend({pid})")
        with pytest.raises(psycopg.OperationalError):
            moving.result()
    assert contents(old) == before
    set_up_warehouse(old, present_versions())
    assert contents(old) == before
    assert parts(old) == parts_of(*BIG)
    assert {row["kind"] for row in read(old, KINDS, list(BIG))} == {"p"}
    assert read(
        old,
        f"select has_table_privilege('{ROLE}', 'raw.executions', 'select') as may,"
        " starts_with(obj_description('raw.executions'::regclass), 'Finished') as is_described",
    ) == [{"may": True, "is_described": True}]


def test_a_row_has_one_key_per_day_in_a_table_that_was_plain(old: str) -> None:
    set_up_warehouse(old, present_versions())
    for table, key in (
        ("raw.executions", "id"),
        ("intermediate.int_executions__resolved", "execution_key"),
    ):
        with pytest.raises(psycopg.errors.UniqueViolation, match=key):
            execute(old, f"insert into {table} table {table}")
    unify(old, Window.of_day(DAYS[0]))
    assert len(read(old, "select from intermediate.int_executions__resolved")) == 2 * len(DAYS)


def test_a_month_is_made_once_by_two_at_once(new_warehouse: Callable[[], str]) -> None:
    url = new_warehouse()
    months = "select ops.ensure_months('raw.executions', array[date '2025-10-02', '2025-12-31'])"
    with ThreadPoolExecutor() as pool:
        for made in [pool.submit(execute, url, months) for _ in range(4)]:
            made.result()
    assert parts(url) == ["raw_executions_2025_10", "raw_executions_2025_12"]


def test_a_month_is_made_beside_readers_and_they_beside_it(
    new_warehouse: Callable[[], str],
) -> None:
    url = new_warehouse()
    with psycopg.connect(url) as reader, psycopg.connect(url) as maker:
        reader.execute("select from raw.executions")
        maker.execute("set lock_timeout = '1s'")
        maker.execute("select ops.ensure_months('raw.executions', array[date '2025-10-02'])")
        reader.execute("set lock_timeout = '1s'")
        assert reader.execute("select from raw.executions").fetchall() == []


def test_wide_columns_are_compressed_by_lz4_where_the_server_can(
    external_postgres: EmbeddedServer | None,
) -> None:
    assert external_postgres is not None, "the tests' components bring a Postgres with lz4"
    with psycopg.connect(external_postgres.url("postgres"), autocommit=True) as owner:
        owner.execute("create database compressed")
    url = external_postgres.url("compressed")
    create_schema(url)
    execute(url, "select ops.ensure_months('raw.executions', array[date '2025-10-02'])")
    assert {
        row["kind"]
        for row in read(
            url,
            "select attcompression::text as kind from pg_attribute where attname = 'output_data'"
            " and attrelid = 'partitions.raw_executions_2025_10'::regclass",
        )
    } == {"l"}
