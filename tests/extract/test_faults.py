import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.extract.conftest import Pipeline

EXTRACT_IN_ITS_OWN_PROCESS = """
import os
from datetime import date
from dagster_project.extract.window import extract_window
from dagster_project.partitions import Window
extract_window(
    os.environ["RUNNER"], os.environ["WAREHOUSE"], Window.of_day(date(2025, 10, 1)), 100
)
"""


def test_all_tables_show_the_same_moment_of_the_source(
    pipeline: Pipeline, wait_until_blocked: Callable[[], None]
) -> None:
    job = pipeline.insert("jobs")
    pipeline.insert("executions", job_id=job, status="completed")
    with psycopg.connect(pipeline.warehouse_url) as blocker, ThreadPoolExecutor() as pool:
        blocker.execute("lock table raw.executions")
        extract = pool.submit(pipeline.extract)
        wait_until_blocked()
        # The jobs are read; the executions are not.
        pipeline.runner.execute("update executions set status = 'cancelled'")
        pipeline.insert("executions", job_id=job, status="late")
        blocker.rollback()
        extract.result()
    assert pipeline.rows("select status from raw.executions") == ["completed"]


def test_killing_the_extract_leaves_the_old_rows(
    pipeline: Pipeline, wait_until_blocked: Callable[[], None]
) -> None:
    job = pipeline.insert("jobs", status="old")
    pipeline.insert("executions", job_id=job, status="old")
    pipeline.extract()
    pipeline.runner.execute("update jobs set status = 'new'; update executions set status = 'new'")
    with psycopg.connect(pipeline.warehouse_url) as blocker:
        blocker.execute("lock table raw.diffs")
        process = subprocess.Popen(
            [sys.executable, "-c", EXTRACT_IN_ITS_OWN_PROCESS],
            env={"RUNNER": pipeline.runner_url, "WAREHOUSE": pipeline.warehouse_url},
        )
        wait_until_blocked()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert pipeline.rows("select status from raw.jobs") == ["old"]
    assert pipeline.rows("select status from raw.executions") == ["old"]
    pipeline.extract()
    assert pipeline.rows("select status from raw.executions") == ["new"]


@pytest.mark.parametrize("database", ["runner", "warehouse"])
def test_a_connection_cut_while_copying_leaves_the_old_rows(
    pipeline: Pipeline, wait_until_blocked: Callable[[], None], database: str
) -> None:
    pipeline.insert("jobs", status="old")
    pipeline.insert("diffs")
    pipeline.extract()
    pipeline.runner.execute("update jobs set status = 'new'")
    server = pipeline.runner if database == "runner" else pipeline.warehouse
    with psycopg.connect(pipeline.warehouse_url) as blocker, ThreadPoolExecutor() as pool:
        blocker.execute("lock table raw.diffs")
        extract = pool.submit(pipeline.extract)
        wait_until_blocked()
        server.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'beacon:extract' and datname = current_database()"
        )
        blocker.rollback()
        with pytest.raises(psycopg.OperationalError):
            extract.result()
    assert pipeline.rows("select status from raw.jobs") == ["old"]


def test_two_extracts_of_one_day_at_once_give_its_rows_once(pipeline: Pipeline) -> None:
    job = pipeline.insert("jobs")
    for _ in range(20):
        pipeline.insert("executions", job_id=job)
    with ThreadPoolExecutor() as pool:
        first, second = (pool.submit(pipeline.extract) for _ in range(2))
        assert first.result() == second.result()
    assert pipeline.rows("select count(*) from raw.executions") == [20]


def test_the_later_of_two_extracts_shows_the_later_source(
    pipeline: Pipeline, wait_until_blocked: Callable[[], None]
) -> None:
    pipeline.insert("jobs", status="old")
    with psycopg.connect(pipeline.warehouse_url) as other_extract, ThreadPoolExecutor() as pool:
        other_extract.execute("select pg_advisory_xact_lock(hashtextextended('raw.jobs', 0))")
        extract = pool.submit(pipeline.extract)
        wait_until_blocked()
        pipeline.runner.execute("update jobs set status = 'new'")
        other_extract.rollback()
        extract.result()
    assert pipeline.rows("select status from raw.jobs") == ["new"]


def test_an_error_of_the_warehouse_ends_the_extract_and_quotes_no_row(pipeline: Pipeline) -> None:
    pipeline.warehouse.execute("alter table raw.jobs add constraint odd check (id <> 3)")
    for number in range(7):
        pipeline.insert("jobs", jobspec_id=f"content of row {number}")
    with pytest.raises(psycopg.errors.CheckViolation) as caught:
        pipeline.extract(batch_rows=2)
    assert "content of row" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert pipeline.rows("select id from raw.jobs") == []
