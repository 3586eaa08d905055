"""What publishing again, later changes and withdrawing do to the runner's tables."""

from dataclasses import replace
from datetime import date
from typing import LiteralString

import pytest

from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.cli.holdings import read_content_hashes
from dagster_project.extract.schema import TABLES
from dagster_project.extract.window import extract_window
from dagster_project.partitions import ALL_DAYS, Window
from dagster_project.publish.decide import Action
from dagster_project.publish.store import Scope
from tests.publish.conftest import Copies, jobs_with

OURS = "metadata ->> 'published_by' = 'beacon-analytics'"
NATIVE_RUN = """
    insert into cross_region_executions (id, jobspec_id, started_at, created_at)
    values ('00000000-0000-0000-0000-00000000abcd', %s, now(), '2025-01-01')
"""


def raw(copies: Copies) -> list[tuple[object, ...]]:
    """Count and hash the copies of the source."""
    return [
        copies.read_warehouse(
            f"select count(*), bit_xor(hashtextextended(t::text, 0)) from raw.{table} as t"
        )[0]
        for table in TABLES
    ]


def record(copies: Copies) -> dict[object, object]:
    rows = copies.read_warehouse("select job_id, status from ops.publications")
    return {row[0]: row[1] for row in rows}


def test_publishing_twice_writes_once(copies: Copies) -> None:
    first = copies.publish()
    source, recorded = copies.source(), copies.read_warehouse("table ops.publications")
    second = copies.publish()
    published = jobs_with(first, Action.PUBLISHED)
    assert jobs_with(second, Action.UNCHANGED) == published
    assert copies.source() == source
    assert copies.read_warehouse("table ops.publications") == recorded
    assert record(copies) == dict.fromkeys(published, "published")


def test_withdrawing_leaves_every_row_of_the_source_as_it_was(copies: Copies) -> None:
    before = copies.source()
    published = jobs_with(copies.publish(), Action.PUBLISHED)
    assert copies.source() != before
    withdrawn = copies.unpublish()
    assert copies.source() == before
    assert jobs_with(withdrawn, Action.WITHDRAWN) == published
    assert record(copies) == dict.fromkeys(published, "withdrawn")
    assert copies.unpublish() == []


def test_publishing_touches_no_row_that_was_there(copies: Copies) -> None:
    before = copies.source()
    copies.publish()
    for table, rows in copies.source().items():
        assert rows[: len(before[table])] == before[table]


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(copies: Copies) -> None:
    before, recorded = copies.source(), record(copies)
    would_publish = copies.publish(dry_run=True)
    assert (copies.source(), record(copies)) == (before, recorded)
    assert copies.publish() == would_publish
    published = copies.source()
    would_withdraw = copies.unpublish(dry_run=True)
    assert copies.source() == published
    assert copies.unpublish() == would_withdraw


def test_published_rows_never_come_back_as_evidence(copies: Copies) -> None:
    extract_window(copies.runner, copies.warehouse, ALL_DAYS, 1_000)
    before = (raw(copies), fingerprints(copies.runner), read_content_hashes(copies.warehouse))
    assert jobs_with(copies.publish(), Action.PUBLISHED)
    extract_window(copies.runner, copies.warehouse, ALL_DAYS, 1_000)
    after = (raw(copies), fingerprints(copies.runner), read_content_hashes(copies.warehouse))
    assert after == before


@pytest.mark.parametrize(
    "damage",
    [
        "delete from region_results where " + OURS,
        "delete from cross_region_analyses where strpos(summary, 'beacon-analytics') > 0",
        # Only the record can tell then.
        "delete from cross_region_analyses where strpos(summary, 'beacon-analytics') > 0;"
        "delete from region_results where " + OURS,
        # Without the foreign keys, what is left hangs on nothing.
        "alter table region_results drop constraint region_results_cross_region_execution_id_fkey;"
        "alter table cross_region_analyses"
        " drop constraint cross_region_analyses_cross_region_execution_id_fkey;"
        "delete from cross_region_executions where id in"
        " (select cross_region_execution_id from region_results where " + OURS + ")",
    ],
    ids=["no results", "no analysis", "neither", "no execution"],
)
def test_what_is_left_of_published_rows_is_recognised_and_repaired(
    copies: Copies, damage: LiteralString
) -> None:
    extract_window(copies.runner, copies.warehouse, ALL_DAYS, 1_000)
    before, native = raw(copies), copies.source()
    published = jobs_with(copies.publish(), Action.PUBLISHED)
    copies.execute(damage)
    extract_window(copies.runner, copies.warehouse, ALL_DAYS, 1_000)
    assert raw(copies) == before
    assert jobs_with(copies.publish(), Action.REPLACED) == published
    copies.unpublish()
    assert copies.source() == native


def test_a_job_that_changed_gets_new_rows_and_the_others_keep_theirs(copies: Copies) -> None:
    changed, *others = jobs_with(copies.publish(), Action.PUBLISHED)
    copies.change_warehouse(
        "update analytics.fct_job_bias_metrics set runner_censorship_rate = 0.77 where job_id = %s",
        changed,
    )
    again = copies.publish()
    assert jobs_with(again, Action.REPLACED) == [changed]
    assert jobs_with(again, Action.UNCHANGED) == others
    shown = copies.read(
        "select analysis.censorship_rate from cross_region_analyses as analysis"
        " inner join cross_region_executions as cre on analysis.cross_region_execution_id = cre.id"
        " where cre.jobspec_id = %s",
        changed,
    )
    assert [str(rate) for (rate,) in shown] == ["0.77"]


def test_another_method_replaces_all_rows_of_a_job(copies: Copies) -> None:
    published = jobs_with(copies.publish(), Action.PUBLISHED)
    copies.change_warehouse("update analytics.fct_job_bias_metrics set method_version = 'next'")
    assert jobs_with(copies.publish(), Action.REPLACED) == published
    assert jobs_with(copies.publish(), Action.UNCHANGED) == published
    versions = copies.read(
        f"select distinct metadata ->> 'method_version' from region_results where {OURS}"
    )
    assert versions == [("next",)]
    executions = copies.read(
        "select count(*) from cross_region_executions where jobspec_id = any(%s)", published
    )
    assert executions == [(len(published),)]


def test_a_job_that_can_no_longer_be_analysed_is_withdrawn(copies: Copies) -> None:
    first, *others = jobs_with(copies.publish(), Action.PUBLISHED)
    copies.change_warehouse(
        "update analytics.fct_job_bias_metrics set reason = 'single_region' where job_id = %s",
        first,
    )
    again = copies.publish()
    assert jobs_with(again, Action.WITHDRAWN) == [first]
    assert jobs_with(again, Action.UNCHANGED) == others
    assert not copies.read("select from cross_region_executions where jobspec_id = %s", first)


def test_a_native_run_is_never_touched_and_never_hidden(copies: Copies) -> None:
    published, *others = jobs_with(copies.publish(), Action.PUBLISHED)
    copies.unpublish(Scope(job_id=others[0]))
    for job_id in (published, others[0]):
        native = NATIVE_RUN.replace("abcd", f"abc{[published, others[0]].index(job_id)}")
        copies.execute(native, job_id)
    again = {one.job_id: one for one in copies.publish()}
    assert again[published].action is Action.WITHDRAWN
    assert again[others[0]].action is Action.NOT_PUBLISHED
    assert {again[published].reason, again[others[0]].reason} == {"native_execution"}
    copies.unpublish()
    for job_id in (published, others[0]):
        assert copies.read("select 1 from cross_region_executions where jobspec_id = %s", job_id)


def test_a_row_that_somebody_hung_on_a_published_execution_keeps_it_alive(copies: Copies) -> None:
    job_id, *others = jobs_with(copies.publish(), Action.PUBLISHED)
    copies.execute(
        "insert into cross_region_analyses (id, cross_region_execution_id, summary)"
        " select gen_random_uuid(), id, 'theirs' from cross_region_executions"
        " where jobspec_id = %s",
        job_id,
    )
    outcomes = copies.unpublish()
    assert jobs_with(outcomes, Action.WITHDRAWN) == others
    (kept,) = [one for one in outcomes if one.action is Action.NOT_PUBLISHED]
    assert (kept.job_id, kept.reason) == (job_id, "foreign_rows")
    assert copies.read("select 1 from cross_region_analyses where summary = 'theirs'")


def test_a_job_that_left_the_runner_is_withdrawn(copies: Copies) -> None:
    job_id, *_ = jobs_with(copies.publish(), Action.PUBLISHED)
    copies.execute(
        "delete from executions where job_id = (select id from jobs where jobspec_id = %s)", job_id
    )
    copies.execute("delete from jobs where jobspec_id = %s", job_id)
    (gone,) = [one for one in copies.publish() if one.action is Action.WITHDRAWN]
    assert (gone.job_id, gone.reason) == (job_id, "not_in_runner")


def test_nothing_is_published_into_a_database_that_does_not_know_the_job(copies: Copies) -> None:
    copies.execute("update jobs set jobspec_id = jobspec_id || '-elsewhere'")
    before = copies.source()
    outcomes = copies.publish()
    assert {one.action for one in outcomes} == {Action.NOT_PUBLISHED}
    assert copies.source() == before


def test_a_warehouse_that_is_built_anew_withdraws_nothing(copies: Copies) -> None:
    published = jobs_with(copies.publish(), Action.PUBLISHED)
    source = copies.source()
    copies.change_warehouse(
        "truncate analytics.job_status, analytics.fct_job_bias_metrics,"
        " analytics.fct_job_region_scores"
    )
    outcomes = copies.publish()
    assert jobs_with(outcomes, Action.NOT_PUBLISHED) == published
    assert copies.source() == source
    copies.change_warehouse("truncate ops.publications")
    assert jobs_with(copies.unpublish(), Action.WITHDRAWN) == published


def test_a_lost_record_is_completed_from_the_rows(copies: Copies) -> None:
    published = jobs_with(copies.publish(), Action.PUBLISHED)
    source = copies.source()
    copies.change_warehouse("truncate ops.publications")
    assert jobs_with(copies.publish(), Action.UNCHANGED) == published
    assert copies.source() == source
    assert record(copies) == dict.fromkeys(published, "published")


def test_rows_that_vanished_without_a_trace_are_recorded_as_withdrawn(copies: Copies) -> None:
    first, *_ = jobs_with(copies.publish(), Action.PUBLISHED)
    copies.execute("delete from cross_region_executions where jobspec_id = %s", first)
    copies.unpublish()
    assert set(record(copies).values()) == {"withdrawn"}


def test_a_window_and_a_single_job_are_all_that_is_touched(copies: Copies) -> None:
    (first_day, last_day), *_ = copies.read_warehouse(
        "select min(job_day), max(job_day) from analytics.fct_job_bias_metrics"
        " where workflow = 'standard' and reason is null"
    )
    assert isinstance(first_day, date)
    assert isinstance(last_day, date)
    on_first_day = copies.publish(Scope(Window.of_day(first_day)))
    assert {one.job_day for one in on_first_day} == {first_day}
    of_last_day = copies.publish(Scope(Window.of_day(last_day)), dry_run=True)
    job_id = jobs_with(of_last_day, Action.PUBLISHED)[0]
    assert [replace(one, job_day=None) for one in copies.publish(Scope(job_id=job_id))] == [
        replace(one, job_day=None) for one in of_last_day if one.job_id == job_id
    ]
    assert jobs_with(copies.unpublish(Scope(Window.of_day(first_day))), Action.WITHDRAWN)
    assert jobs_with(copies.unpublish(), Action.WITHDRAWN) == [job_id]
