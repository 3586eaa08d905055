"""What the doctor finds in databases: each fault is caused on a real server."""

import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from secrets import token_hex
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from psycopg import sql

from dagster_project.doctor.databases import (
    NEWEST,
    column_findings,
    database_findings,
    runner_findings,
)
from dagster_project.doctor.finding import Finding, Level
from dagster_project.doctor.warehouse import warehouse_findings
from dagster_project.extract.schema import TABLES
from dagster_project.paths import SQL_DIR
from dagster_project.postgres import read_sql
from dagster_project.runner_db.schema import create_runner_schema
from dagster_project.settings import Settings
from tests.pipeline import Pipeline

VARIABLE = "BEACON_RUNNER_URL"
PASSWORD = f"only:for/this@{token_hex()}"
READER = "doctor_reader"

Change = Callable[[str], None]


@pytest.fixture
def runner(runner_url: str) -> str:
    """Owner URL of an empty runner database."""
    with psycopg.connect(runner_url) as owner:
        create_runner_schema(owner)
    return runner_url


@pytest.fixture
def reader(runner: str) -> Iterator[str]:
    """URL of a role that may log in and has no privilege."""
    role = sql.Identifier(READER)
    with psycopg.connect(runner, autocommit=True) as owner:
        owner.execute(
            sql.SQL("create role {} login password {}").format(role, sql.Literal(PASSWORD))
        )
    yield with_login(runner, READER, PASSWORD)
    with psycopg.connect(runner, autocommit=True) as owner:
        owner.execute(sql.SQL("drop owned by {}; drop role {}").format(role, role))


def with_login(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}").geturl()


def change(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(statement.encode())


def examined(url: str, *, oldest: int = 15) -> list[Finding]:
    checks = partial(runner_findings, embedded=False)
    return list(database_findings("runner", VARIABLE, url, checks, oldest=oldest))


def bad(findings: Sequence[Finding]) -> list[Finding]:
    return [one for one in findings if one.level is not Level.OK]


def only(findings: Sequence[Finding]) -> Finding:
    (finding,) = findings
    assert finding.remedy
    return finding


def test_a_reader_with_the_granted_role_has_nothing_to_mend(runner: str, reader: str) -> None:
    change(runner, f"grant select on all tables in schema public to {READER}")
    assert bad(examined(reader)) == []


def test_a_server_that_does_not_answer(runner: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        parts = urlsplit(runner)
        url = parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()
        finding = only(examined(url))
    assert finding.level is Level.FAIL
    assert str(port) in finding.found
    assert "Start the server" in finding.remedy


@pytest.mark.parametrize(
    ("change_url", "remedy"),
    [
        (lambda url: with_login(url, "beacon", PASSWORD), "Correct the password"),
        (lambda url: with_login(url, "nobody_at_all", PASSWORD), "Correct the password"),
        (lambda url: url + "_elsewhere", "Correct the database"),
        (lambda url: url.replace("postgresql://", "postgres//"), "Write postgresql://"),
        (lambda url: f"{url}?sslmode=require", "pg_hba.conf"),
    ],
    ids=["password", "role", "database", "no-url", "encryption"],
)
def test_a_login_that_is_refused_is_told_apart_and_shows_no_password(
    runner: str, change_url: Callable[[str], str], remedy: str
) -> None:
    url = change_url(runner)
    finding = only(examined(url))
    assert finding.level is Level.FAIL
    assert finding.check == "runner server"
    assert remedy in finding.remedy
    shown = finding.found + finding.remedy
    assert PASSWORD not in shown
    assert str(urlsplit(runner).password) not in shown


def test_an_old_server(runner: str, reader: str) -> None:
    change(runner, f"grant select on all tables in schema public to {READER}")
    finding = only(bad(examined(reader, oldest=NEWEST + 1)))
    assert finding.level is Level.FAIL
    assert "Upgrade" in finding.remedy


def test_a_server_whose_clock_is_wrong(runner: str, reader: str) -> None:
    # The search path lets the server answer with another time, as a wrong clock would.
    change(
        runner,
        "create function public.clock_timestamp() returns timestamptz language sql"
        " as $$ select pg_catalog.clock_timestamp() - interval '1 hour' $$",
    )
    change(runner, f"grant select on all tables in schema public to {READER}")
    finding = only(bad(examined(f"{reader}?options=-csearch_path%3Dpublic,pg_catalog")))
    assert finding.check == "runner clock"
    assert finding.found.endswith("behind us")
    assert float(finding.found.split()[0]) == pytest.approx(3600, abs=10)
    assert "NTP" in finding.remedy


def test_privileges_that_are_missing_name_the_tables_and_the_file(runner: str, reader: str) -> None:
    change(runner, f"grant select on all tables in schema public to {READER}")
    change(runner, f"revoke select on jobs, diffs from {READER}")
    finding = only(bad(examined(reader)))
    assert (finding.check, finding.level) == ("runner privileges", Level.FAIL)
    assert "diffs, jobs" in finding.found
    assert "sql/roles/source_reader.sql" in finding.remedy


def test_the_remedy_for_missing_privileges_works(runner: str, reader: str) -> None:
    assert [one.check for one in bad(examined(reader))] == ["runner privileges"]
    with psycopg.connect(runner) as owner:
        owner.execute(read_sql(SQL_DIR / "roles/source_reader.sql"))
    change(runner, f"grant beacon_reader to {READER}")
    assert bad(examined(reader)) == []


def test_a_policy_that_may_hide_rows_fails_until_the_role_passes_it(
    runner: str, reader: str
) -> None:
    change(runner, f"grant select on all tables in schema public to {READER}")
    change(runner, "alter table executions enable row level security")
    finding = only(bad(examined(reader)))
    assert (finding.check, finding.level) == ("runner policies", Level.FAIL)
    assert "executions" in finding.found
    change(runner, finding.remedy.partition(": ")[2])
    assert bad(examined(reader)) == []


@pytest.mark.parametrize(
    ("kind", "said"), [("view", "whole rows"), ("materialized view", "refreshed")]
)
def test_what_is_no_table_is_named(runner: str, reader: str, kind: str, said: str) -> None:
    change(runner, "alter table executions rename to stored")
    change(runner, f"create {kind} executions as select * from stored")
    change(runner, f"grant select on all tables in schema public to {READER}")
    finding = only(bad(examined(reader)))
    assert (finding.check, finding.level) == ("runner tables", Level.WARN)
    assert "executions" in finding.found
    assert said in finding.found


def test_a_cluster_that_cannot_be_told_is_named_and_the_remedy_works(
    runner: str, reader: str
) -> None:
    change(runner, f"grant select on all tables in schema public to {READER}")
    change(runner, "revoke execute on function pg_control_system() from public")
    finding = only(bad(examined(reader)))
    assert (finding.check, finding.level) == ("runner identity", Level.WARN)
    change(runner, finding.remedy.partition(": ")[2])
    assert bad(examined(reader)) == []


def test_a_column_that_outgrows_its_copy_is_named(runner: str, warehouse_url: str) -> None:
    change(runner, "alter table executions alter column retry_count type bigint")
    change(runner, "alter table executions alter column id type bigint")
    with psycopg.connect(runner) as source, psycopg.connect(warehouse_url) as warehouse:
        (finding,) = bad(list(column_findings(source, warehouse)))
    assert finding.level is Level.WARN
    assert "executions.retry_count" in finding.found


def test_tables_that_are_missing_or_out_of_sight(runner: str) -> None:
    change(runner, "drop table diffs")
    assert "diffs" in found_in(bad(examined(runner)), "runner tables")
    out_of_sight = examined(f"{runner}?options=-csearch_path%3Dpg_catalog")
    assert all(table in found_in(bad(out_of_sight), "runner tables") for table in TABLES)


def test_a_role_that_could_write_in_the_source_is_a_warning(runner: str) -> None:
    finding = only(bad(examined(runner)))
    assert (finding.check, finding.level) == ("runner privileges", Level.WARN)
    embedded = database_findings(
        "runner", VARIABLE, runner, partial(runner_findings, embedded=True)
    )
    assert bad(list(embedded)) == []


def test_columns_that_are_missing_or_of_another_type_are_named(
    runner: str, warehouse_url: str
) -> None:
    change(runner, "alter table executions drop column output_data")
    change(runner, "alter table jobs alter column created_at type text")
    change(runner, "alter table executions drop column question_id")
    with psycopg.connect(runner) as source, psycopg.connect(warehouse_url) as warehouse:
        findings = list(column_findings(source, warehouse))
    assert all(one.level is Level.FAIL and one.remedy for one in findings)
    assert {one.found.split()[1] for one in findings} == {
        "executions.output_data",
        "jobs.created_at",
    }


def found_in(findings: Sequence[Finding], check: str) -> str:
    return only([one for one in findings if one.check == check]).found


def test_a_warehouse_that_is_not_set_up(new_database: Callable[[], str]) -> None:
    with psycopg.connect(new_database()) as connection:
        finding = only(bad(list(warehouse_findings(connection, Settings().home))))
    assert (finding.check, finding.remedy) == ("warehouse tables", "beacon setup")


def test_a_role_that_may_not_build_in_the_warehouse(runner: str, reader: str) -> None:
    with psycopg.connect(reader) as connection:
        assert READER in found_in(
            list(warehouse_findings(connection, Settings().home)), "warehouse privileges"
        )


def warehouse_after(pipeline: Pipeline, statement: str) -> list[Finding]:
    """Look at the finished warehouse with a change that is then taken back."""
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        connection.execute(statement.encode())
        findings = list(warehouse_findings(connection, Settings().home))
        connection.rollback()
    return findings


def test_a_finished_warehouse_has_nothing_to_mend(pipeline: Pipeline) -> None:
    assert bad(warehouse_after(pipeline, "select")) == []


@pytest.mark.parametrize(
    ("statement", "check", "found", "remedy"),
    [
        (
            "alter table ops.quarantine drop column reason",
            "warehouse tables",
            "ops.quarantine.reason",
            "beacon setup",
        ),
        (
            "alter table ops.quarantine alter column reason type varchar",
            "warehouse tables",
            "ops.quarantine.reason (character varying, not text)",
            "beacon setup",
        ),
        (
            "drop view portal.bias_analysis",
            "warehouse tables",
            "portal.bias_analysis",
            "beacon setup",
        ),
        ("update seeds.questions set category = 'x'", "seeds", "questions", "beacon setup"),
        ("delete from seeds.providers", "seeds", "providers", "beacon setup"),
        (
            "update ops.partition_ledger set method_version = 'old' where stage = 'unify'",
            "job_days",
            "older rules",
            "beacon backfill",
        ),
        (
            "update ops.partition_ledger set status = 'quarantined' where stage = 'unify'",
            "job_days",
            "failed or quarantined",
            "beacon plan",
        ),
    ],
)
def test_a_warehouse_that_is_not_as_the_release_builds_it(
    pipeline: Pipeline, statement: str, check: str, found: str, remedy: str
) -> None:
    finding = only(bad(warehouse_after(pipeline, statement)))
    assert finding.check == check
    assert found in finding.found
    assert remedy in finding.remedy
