"""Publishing what the real runner wrote (../shared), with and without the column of its reader."""

from collections.abc import Iterator

import psycopg
import pytest

from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.backfill.reconcile import rows_without_day
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.extract.schema import TABLES, SchemaDriftError
from dagster_project.extract.window import extract_window
from dagster_project.paths import SQL_DIR
from dagster_project.postgres import read_sql
from dagster_project.publish.decide import Action
from dagster_project.publish.executions import publish_executions
from tests.conftest import copy_database, drop_database
from tests.portal import contract
from tests.publish.conftest import ALL, Copies, jobs_with
from tests.real_rows import EVERY_DAY, RealRows
from tests.roles import url_as
from tests.runner_endpoint import bias_analysis, live_progress

RESULTS_ONLY = "bias-detection-1760971000051"
UNREAD = "alter table cross_region_analyses drop column summary_source"


@pytest.fixture
def copies(postgres_server: EmbeddedServer, real: RealRows) -> Iterator[Copies]:
    """The real rows in databases of their own, and the role that may publish everything."""
    names = {"real_published_runner": real.runner, "real_published_warehouse": real.warehouse}
    for name, template in names.items():
        copy_database(postgres_server, template.rpartition("/")[2], name)
    runner, warehouse = (postgres_server.url(name) for name in names)
    with psycopg.connect(runner) as owner:
        for role in ("source_publisher", "source_publisher_executions"):
            owner.execute(read_sql(SQL_DIR / f"roles/{role}.sql"))
    yield Copies(runner=runner, publisher=url_as(runner, "beacon_publisher"), warehouse=warehouse)
    for name in names:
        drop_database(postgres_server, name)


def extracted(copies: Copies) -> list[object]:
    """Extract every day again; return the hashes of what the warehouse then holds."""
    extract_window(copies.runner, copies.warehouse, EVERY_DAY, 1_000)
    hashed = "select bit_xor(hashtextextended(t::text, 0)) from raw.{} as t"
    return [copies.read_warehouse(hashed.format(table)) for table in TABLES]


def states(copies: Copies) -> dict[str, str]:
    """Return the analysis_state of every job."""
    query = "select job_id, analysis_state from analytics.job_status"
    return {str(job_id): str(state) for job_id, state in copies.read_warehouse(query)}


def test_every_analysable_job_is_answered_and_what_was_published_can_be_taken_back(
    copies: Copies,
) -> None:
    before, source, raw = copies.source(), fingerprints(copies.runner), extracted(copies)
    unanswered = [
        job_id
        for job_id, state in states(copies).items()
        if state == "analysed" and bias_analysis(copies.runner, job_id) is None
    ]
    assert len(unanswered) > 10
    done = copies.publish()
    assert set(jobs_with(done, Action.PUBLISHED)) >= set(unanswered)
    validator = contract("bias_analysis")
    for job_id, state in states(copies).items():
        page = bias_analysis(copies.runner, job_id)
        if state == "analysed":
            assert page is not None, job_id
        if job_id in unanswered:
            assert list(validator.iter_errors(page)) == []
    assert fingerprints(copies.runner) == source
    assert rows_without_day(copies.runner) == []
    assert extracted(copies) == raw
    assert {one.action for one in copies.publish()} <= {Action.UNCHANGED, Action.NOT_PUBLISHED}
    copies.unpublish()
    assert copies.source() == before


def test_without_the_readers_column_nothing_is_written_and_every_page_stays_a_404(
    copies: Copies,
) -> None:
    copies.execute(UNREAD)
    before = copies.source()
    for dry_run in (True, False):
        with pytest.raises(SchemaDriftError, match=r"404 for every job.*add column summary_source"):
            copies.publish(dry_run=dry_run)
    assert copies.source() == before
    assert {bias_analysis(copies.runner, job_id) for job_id in states(copies)} == {None}


def test_a_page_published_before_the_column_went_can_still_be_taken_back(copies: Copies) -> None:
    copies.publish()
    copies.execute(UNREAD)
    copies.unpublish()
    marks = copies.read("select 1 from region_results where metadata ? 'published_by'")
    assert marks == []


def test_the_live_progress_of_a_job_of_results_only_shows_them(copies: Copies) -> None:
    before, raw = copies.source(), extracted(copies)
    urls = (copies.warehouse, copies.publisher, ALL, 10)
    done = jobs_with(list(publish_executions(*urls, dry_run=False)), Action.PUBLISHED)
    assert RESULTS_ONLY in done
    items = live_progress(copies.runner, RESULTS_ONLY)
    assert [item["status"] for item in items] == ["completed"] * 3
    assert {item["question_id"] for item in items} == {"tiananmen_neutral"}
    assert extracted(copies) == raw
    gone = publish_executions(*urls, dry_run=False, withdraws=True)
    assert jobs_with(list(gone), Action.WITHDRAWN) == done
    assert copies.source() == before
