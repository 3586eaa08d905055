"""Lookups through the public views reach the wide tables by index only.

Tables here are tiny, so the planner is told to avoid sequential scans: one that is still there is
one that no index can replace.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dagster_project.deliver.login import make_login
from dagster_project.warehouse import ensure_months

WIDE = {"jobs", "executions", "region_results", "int_executions__resolved", "int_jobs__requested"}
FACTS = {"job_status", "fct_job_bias_metrics", "fct_job_region_scores", "answers", "job_metrics"}
PARTITIONED = (
    "raw.executions",
    "raw.region_results",
    "scores.answers",
    "scores.answer_pairs",
    "intermediate.int_executions__resolved",
)
LOGIN = "test_lookups"
DAYS = [date(2025, month, 1) for month in range(1, 13)]
MANY_ATTEMPTS = """
    with attempts as (
        select id, 'job-' || id / 120 as job_id, date '2025-01-01' + id % 12 * 30 as job_day
        from generate_series(1, 60000) as id
    ), copied as (
        insert into raw.executions (id, job_day) select id, job_day from attempts
    ), results as (
        insert into raw.region_results (id, cross_region_execution_id, job_day)
        select gen_random_uuid(), gen_random_uuid(), job_day from attempts
    )
    insert into intermediate.int_executions__resolved
        (execution_key, execution_id, job_id, job_day, is_current)
    select 'e:' || id || '#0', id, job_id, job_day, true from attempts
"""
JOB = "where job_id = 'bias-detection-1762070400000'"
DAY = "where job_day = date '2025-11-02'"
WEEK = "where job_day >= date '2025-11-02' and job_day < date '2025-11-09'"


@pytest.fixture(scope="module")
def session(new_warehouse: Callable[[], str]) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(new_warehouse(), autocommit=True) as connection:
        connection.execute("set enable_seqscan = off")
        for table in PARTITIONED:
            ensure_months(connection, table, DAYS)
        yield connection


@pytest.mark.parametrize(("rows", "months"), [(DAY, {"2025_11"}), (WEEK, {"2025_11"})])
@pytest.mark.parametrize("view", ["execution_attempts", "executions_unified", "answer_outcomes"])
def test_a_day_or_a_week_of_a_view_reads_its_month_only(
    session: psycopg.Connection[tuple[Any, ...]], view: str, rows: str, months: set[str]
) -> None:
    nodes = list(_nodes(_plan(session, f"select * from analytics.{view} {rows}")))
    narrow = {name for name in map(_part, nodes) if name and name[0] == "int_executions__resolved"}
    assert {month for _, month in narrow} == months


@pytest.mark.parametrize("rows", [JOB, DAY, WEEK])
@pytest.mark.parametrize(
    "view",
    [
        "analytics.executions_unified",
        "analytics.execution_attempts",
        "analytics.job_progress",
        "intermediate.int_executions__answers",
    ],
)
def test_a_job_or_a_day_of_a_view_needs_no_scan_of_a_large_table(
    session: psycopg.Connection[tuple[Any, ...]], view: str, rows: str
) -> None:
    assert _scanned(session, f"select * from {view} {rows}") & WIDE == set()


@pytest.mark.parametrize(
    "view",
    [
        "portal.job_executions",
        "portal.job_live",
        "portal.job_comparison",
        "portal.bias_analysis",
        "portal.can_analyse",
        "intermediate.int_region_results__presented",
        "analytics.job_status",
        "analytics.fct_job_bias_metrics",
    ],
)
def test_what_the_portal_asks_about_a_job_needs_no_scan(
    session: psycopg.Connection[tuple[Any, ...]], view: str
) -> None:
    assert _scanned(session, f"select * from {view} {JOB}") & (WIDE | FACTS) == set()


def test_the_texts_of_one_job_are_read_without_workers_however_many_months_there_are(
    new_warehouse: Callable[[], str], tmp_path: Path
) -> None:
    url = new_warehouse()
    with psycopg.connect(url, autocommit=True) as owner:
        for table in PARTITIONED:
            ensure_months(owner, table, DAYS)
        owner.execute(MANY_ATTEMPTS)
        owner.execute("vacuum analyze")
        query = f"select answer_text from analytics.executions_unified {JOB}"
        assert "Gather" in {node["Node Type"] for node in _nodes(_plan(owner, query))}
    login = make_login(url, LOGIN, tmp_path)
    with psycopg.connect(login.conninfo) as session:
        assert "Gather" not in {node["Node Type"] for node in _nodes(_plan(session, query))}
    with psycopg.connect(url) as owner:
        owner.execute(f"drop role {LOGIN}".encode())


def test_a_count_of_analyses_builds_no_payload(
    session: psycopg.Connection[tuple[Any, ...]],
) -> None:
    query = "select http_status, count(*) from portal.bias_analysis group by http_status"
    assert _relations(_plan(session, query)) == {"job_status"}


def test_a_count_by_region_and_model_does_not_touch_the_wide_tables(
    session: psycopg.Connection[tuple[Any, ...]],
) -> None:
    query = f"""
        select region, model_id, count(*) from analytics.executions_unified {WEEK}
        group by region, model_id
    """
    assert _relations(_plan(session, query)) == {"int_executions__resolved"}


def _plan(session: psycopg.Connection[tuple[Any, ...]], query: str) -> dict[str, Any]:
    row = session.execute(f"explain (format json) {query}".encode()).fetchone()
    assert row is not None
    plan: dict[str, Any] = (json.loads(row[0]) if isinstance(row[0], str) else row[0])[0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _relations(plan: dict[str, Any]) -> set[str]:
    return {_table(node) for node in _nodes(plan) if "Relation Name" in node}


def _part(node: dict[str, Any]) -> tuple[str, str] | None:
    """Return table and month of a node that reads a partition."""
    found = re.fullmatch(
        r"(?:raw|scores|intermediate)_(\w+)_(\d{4}_\d{2})", node.get("Relation Name", "")
    )
    return (found[1], found[2]) if found else None


def _table(node: dict[str, Any]) -> str:
    part = _part(node)
    return part[0] if part else str(node["Relation Name"])


def _scanned(session: psycopg.Connection[tuple[Any, ...]], query: str) -> set[str]:
    return {
        _table(node) for node in _nodes(_plan(session, query)) if node["Node Type"] == "Seq Scan"
    }
