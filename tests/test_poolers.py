"""Behind a real PgBouncer in transaction mode: the source works, the warehouse is refused."""

import json
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import psycopg
import pytest

from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.backfill.plan import State, current_plan
from dagster_project.backfill.reconcile import rows_without_day
from dagster_project.cli.holdings import read_content_hashes
from dagster_project.doctor.databases import database_findings, runner_findings, target_findings
from dagster_project.doctor.finding import Level
from dagster_project.extract.schema import TABLES
from dagster_project.extract.window import extract_window, snapshot_of
from dagster_project.partitions import ALL_DAYS
from dagster_project.postgres import (
    LOCK_TIMEOUT,
    TransactionPoolerError,
    connect,
    connect_source,
    source_transaction,
)
from dagster_project.publish.decide import Action
from dagster_project.stage import Databases, is_transient
from tests.command import beacon
from tests.pipeline import Pipeline
from tests.poolers import transaction_pooler
from tests.publish.conftest import Copies, copies, jobs_with

__all__ = ["copies"]


@pytest.fixture
def pooled(copies: Copies, tmp_path: Path) -> Iterator[Copies]:
    """The same databases, runner and publishing role through a pooler."""
    with transaction_pooler(tmp_path, copies.runner, copies.publisher) as (runner, publisher):
        yield Copies(runner=runner, publisher=publisher, warehouse=copies.warehouse)


def stored(url: str) -> list[object]:
    """Hash what the warehouse holds of the source."""
    with psycopg.connect(url) as connection:
        return [
            connection.execute(
                f"select bit_xor(hashtextextended(t::text, 0)) from raw.{table} as t".encode()
            ).fetchone()
            for table in TABLES
        ]


def test_plan_and_extract_give_the_same_through_a_pooler(copies: Copies, pooled: Copies) -> None:
    assert fingerprints(pooled.runner) == fingerprints(copies.runner)
    assert rows_without_day(pooled.runner) == []
    extract_window(copies.runner, copies.warehouse, ALL_DAYS, 1_000)
    direct = stored(copies.warehouse)
    extract_window(pooled.runner, copies.warehouse, ALL_DAYS, 1_000)
    assert stored(copies.warehouse) == direct
    days = current_plan(Databases(pooled.runner, copies.warehouse))
    assert days == current_plan(Databases(copies.runner, copies.warehouse))


def test_the_commands_give_the_same_through_a_pooler(
    copies: Copies, pooled: Copies, tmp_path: Path
) -> None:
    """As processes: a day is done from the source behind the pooler, and nothing differs."""
    ((first,),) = copies.read_warehouse("select min(job_day) from analytics.job_status")
    days = ("--from", str(first), "--to", str(first))
    variables = {
        "BEACON_RUNNER_URL": pooled.runner,
        "BEACON_WAREHOUSE_URL": copies.warehouse,
        "BEACON_PUBLISH_URL": pooled.publisher,
    }

    def run(*arguments: str) -> str:
        finished = beacon(*arguments, home=tmp_path / "home", **variables)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    before, hashes = copies.source(), read_content_hashes(copies.warehouse)
    pooled_servers = [
        one["check"]
        for one in json.loads(run("doctor", "--json"))
        if "through a connection pooler" in one["found"]
    ]
    assert pooled_servers == ["publish server", "runner server"]
    copies.change_warehouse("delete from ops.partition_ledger where job_day = %s", first)
    (planned,) = json.loads(run("plan", *days, "--json"))["days"]
    assert planned["state"] == State.MISSING
    run("backfill", *days, "--reason", "behind a pooler")
    assert read_content_hashes(copies.warehouse) == hashes
    plan = current_plan(Databases(copies.runner, copies.warehouse))
    assert {day.state for day in plan if day.job_day == first} == {State.CURRENT}
    would = json.loads(run("publish", "--dry-run", "--json"))
    assert would["counts"]["published"] > 0
    assert copies.source() == before


def test_publishing_and_withdrawing_work_through_a_pooler(copies: Copies, pooled: Copies) -> None:
    before = copies.source()
    would = jobs_with(pooled.publish(dry_run=True), Action.PUBLISHED)
    assert copies.source() == before
    assert jobs_with(pooled.publish(), Action.PUBLISHED) == would != []
    pooled.unpublish()
    assert copies.source() == before


def test_a_pooled_read_is_limited_and_read_only_and_leaves_nothing_behind(pooled: Copies) -> None:
    with snapshot_of(pooled.runner) as source:
        limits = source.execute(
            "select current_setting('lock_timeout'), current_setting('timezone'),"
            " current_setting('transaction_read_only'), current_setting('transaction_isolation')"
        ).fetchone()
    assert limits == (LOCK_TIMEOUT, "UTC", "on", "repeatable read")
    with connect_source(pooled.runner, application="test") as source:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), source_transaction(source):
            source.execute("delete from jobs")
        assert source.execute("select current_setting('lock_timeout')").fetchone() == ("0",)
        for _ in range(20):
            with source_transaction(source):
                source.execute("select count(*) from jobs where created_at > %s", (date.min,))


@pytest.mark.parametrize("ignored", ["", "options", "options,extra_float_digits"])
def test_a_warehouse_behind_a_pooler_is_refused_at_once_with_the_reason(
    pipeline: Pipeline, tmp_path: Path, ignored: str
) -> None:
    warehouse = pipeline.databases.warehouse
    with transaction_pooler(tmp_path, warehouse, ignored=ignored) as (pooled,):
        with (
            pytest.raises(TransactionPoolerError, match="locks need sessions") as refused,
            connect(pooled, application="test"),
        ):
            pass
        assert not is_transient(refused.value)
        (finding,) = database_findings(
            "warehouse", "BEACON_WAREHOUSE_URL", pooled, lambda _: iter([])
        )
    assert finding.level is Level.FAIL
    assert "direct address" in finding.remedy


def test_a_pooler_that_keeps_startup_options_is_told_by_the_session_it_shares(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    warehouse = pipeline.databases.warehouse
    with psycopg.connect(warehouse, autocommit=True) as owner:
        owner.execute(f"alter role current_user set lock_timeout = '{LOCK_TIMEOUT}'".encode())
    try:
        with (
            transaction_pooler(tmp_path, warehouse, ignored="options") as (pooled,),
            pytest.raises(TransactionPoolerError, match="the same session"),
            connect(pooled, application="test"),
        ):
            pass
    finally:
        with psycopg.connect(warehouse, autocommit=True) as owner:
            owner.execute("alter role current_user reset lock_timeout")


def test_the_doctor_says_that_a_pooler_is_between(pooled: Copies) -> None:
    checks = partial(runner_findings, embedded=True)
    source = list(database_findings("runner", "BEACON_RUNNER_URL", pooled.runner, checks))
    target = list(
        database_findings("publish", "BEACON_PUBLISH_URL", pooled.publisher, target_findings)
    )
    for findings in (source, target):
        assert {one.level for one in findings} == {Level.OK}
        assert "through a connection pooler" in findings[0].found
