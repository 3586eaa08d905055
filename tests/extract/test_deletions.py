"""Rows that vanish from the source: a question to the operator, not an instruction."""

from datetime import date
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from dagster_project.extract.deletions import ACCEPT, DeletionsError
from dagster_project.extract.window import extract_window
from dagster_project.partitions import Window
from tests.extract.conftest import DAY, NEXT_NOON, Pipeline
from tests.roles import url_as

NEXT_DAY = date(2025, 10, 2)
READER = "policed_reader"


@pytest.fixture
def copied(pipeline: Pipeline) -> Pipeline:
    """A day of one job with two executions, extracted."""
    job = pipeline.insert("jobs")
    for _ in range(2):
        pipeline.insert("executions", job_id=job)
    pipeline.extract()
    return pipeline


@pytest.mark.parametrize(
    ("loss", "named"),
    [
        ("truncate executions", "2 of executions"),
        ("truncate executions, jobs cascade", "1 of jobs, 2 of executions"),
    ],
)
def test_a_day_that_lost_all_rows_of_a_table_keeps_them_until_that_is_accepted(
    copied: Pipeline, loss: LiteralString, named: str
) -> None:
    copied.runner.execute(loss)
    with pytest.raises(DeletionsError) as refused:
        copied.extract()
    assert f"{DAY}: {named}" in str(refused.value)
    assert f"beacon backfill {ACCEPT} --from {DAY}" in str(refused.value)
    assert copied.rows("select count(*) from raw.executions") == [2]
    day = Window.of_day(DAY)
    extract_window(copied.runner_url, copied.warehouse_url, day, 10, accepts_deletions=True)
    assert copied.rows("select id from raw.executions") == []


def test_rows_that_moved_to_another_day_are_no_deletions(copied: Pipeline) -> None:
    copied.runner.execute("update jobs set created_at = %s", (NEXT_NOON,))
    copied.extract()
    copied.extract(NEXT_DAY)
    assert copied.rows("select distinct job_day from raw.executions") == [NEXT_DAY]


def test_rows_that_cannot_be_stored_any_more_are_no_deletions(copied: Pipeline) -> None:
    copied.runner.execute("update jobs set created_at = 'infinity'")
    copied.runner.execute("update executions set started_at = 'infinity'")
    assert copied.extract().quarantined["executions"] == 2


def test_some_rows_of_a_day_may_go(copied: Pipeline) -> None:
    copied.runner.execute("delete from executions where id = (select min(id) from executions)")
    copied.extract()
    assert copied.rows("select count(*) from raw.executions") == [1]


def test_a_policy_that_hides_rows_ends_the_extract_with_the_remedy(copied: Pipeline) -> None:
    role = sql.Identifier(READER)
    copied.runner.execute(sql.SQL("create role {} login").format(role))
    reader = url_as(copied.runner_url, READER)
    try:
        for statement in (
            "grant select on all tables in schema public to {}",
            "alter table executions enable row level security",
            "create policy some_rows on executions to {} using (id = -1)",
        ):
            copied.runner.execute(sql.SQL(statement).format(role))
        day = Window.of_day(DAY)
        # Whoever accepts deletions accepts none that a policy feigns.
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
            extract_window(reader, copied.warehouse_url, day, 10, accepts_deletions=True)
        (_, remedy) = refused.value.__notes__
        assert copied.rows("select count(*) from raw.executions") == [2]
        copied.runner.execute(remedy.partition("superuser: ")[2].encode())
        extract_window(reader, copied.warehouse_url, day, 10)
    finally:
        copied.runner.execute(sql.SQL("drop owned by {}; drop role {}").format(role, role))
