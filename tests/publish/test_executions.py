"""Rows of executions for jobs of the lost days: what the live progress shows, and the way back."""

import psycopg
import pytest

from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.backfill.reconcile import rows_without_day
from dagster_project.extract.schema import SchemaDriftError
from dagster_project.extract.window import extract_window
from dagster_project.partitions import ALL_DAYS
from dagster_project.paths import SQL_DIR
from dagster_project.postgres import read_sql
from dagster_project.publish.decide import Action
from dagster_project.publish.executions import publish_executions
from dagster_project.publish.operate import Outcome
from tests.publish.conftest import ALL, Copies, jobs_with
from tests.runner_endpoint import live_progress

RAW = "select count(*), bit_xor(hashtextextended(t::text, 0)) from raw.executions as t"


@pytest.fixture
def granted(copies: Copies) -> Copies:
    """Databases in which the role may write executions too."""
    with psycopg.connect(copies.runner) as owner:
        owner.execute(read_sql(SQL_DIR / "roles/source_publisher_executions.sql"))
    return copies


def run(copies: Copies, *, dry_run: bool = False, withdraws: bool = False) -> list[Outcome]:
    return list(
        publish_executions(
            copies.warehouse, copies.publisher, ALL, 10, dry_run=dry_run, withdraws=withdraws
        )
    )


def test_without_the_grant_nothing_is_written_and_the_file_is_named(copies: Copies) -> None:
    with pytest.raises(SchemaDriftError, match=r"source_publisher_executions\.sql"):
        run(copies)


def test_the_live_progress_shows_every_stored_result_of_the_lost_days(granted: Copies) -> None:
    would = run(granted, dry_run=True)
    assert granted.read("select 1 from executions where output_data::text ~ 'published_by'") == []
    done = run(granted)
    assert done == would
    jobs = jobs_with(done, Action.PUBLISHED)
    assert len(jobs) > 0
    for job_id in jobs:
        items = live_progress(granted.runner, job_id)
        results = granted.read_warehouse(
            "select results.region, results.status, results.execution_output #>> '{data,response}'"
            " from raw.region_results as results inner join analytics.executions_unified as unified"
            " on unified.region_result_id = results.id where unified.job_id = %s",
            job_id,
        )
        shown = sorted((item["region"], item.get("output", {}).get("response")) for item in items)
        assert shown == sorted((region, text) for region, _, text in results)
        assert {item["status"] for item in items} <= {"completed", "failed"}
        assert all(item["output"]["published_by"] == "beacon-analytics" for item in items)


def test_a_second_run_writes_nothing_and_withdrawing_restores_every_row(granted: Copies) -> None:
    before = granted.source()
    jobs = jobs_with(run(granted), Action.PUBLISHED)
    source = granted.source()
    assert jobs_with(run(granted), Action.UNCHANGED) == jobs
    assert granted.source() == source
    recorded = granted.read_warehouse(
        "select job_id from ops.publications where kind = 'executions' and status = 'published'"
    )
    assert sorted(recorded) == [(job_id,) for job_id in sorted(jobs)]
    assert jobs_with(run(granted, withdraws=True), Action.WITHDRAWN) == jobs
    assert granted.source() == before


def test_our_rows_are_never_read_back(granted: Copies) -> None:
    extract_window(granted.runner, granted.warehouse, ALL_DAYS, 1_000)
    before = (fingerprints(granted.runner), granted.read_warehouse(RAW))
    assert jobs_with(run(granted), Action.PUBLISHED)
    extract_window(granted.runner, granted.warehouse, ALL_DAYS, 1_000)
    assert (fingerprints(granted.runner), granted.read_warehouse(RAW)) == before
    assert rows_without_day(granted.runner) == []


def test_a_job_that_gets_rows_of_the_runners_own_loses_ours(granted: Copies) -> None:
    first, *others = jobs_with(run(granted), Action.PUBLISHED)
    granted.execute(
        "insert into executions (job_id, provider_id, region, status)"
        " select id, 'modal-us-east', 'US', 'completed' from jobs where jobspec_id = %s",
        first,
    )
    again = run(granted)
    assert jobs_with(again, Action.WITHDRAWN) == [first]
    assert jobs_with(again, Action.UNCHANGED) == others
    assert len(live_progress(granted.runner, first)) == 1
