"""Schedules and sensor, really ticked on an ephemeral instance: which runs do they request?"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import dagster as dg
import psycopg
import pytest
import yaml

from dagster_project.backfill import ledger
from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.backfill.ledger import Cause, Outcome
from dagster_project.backfill.plan import Chunk
from dagster_project.backfill.stages import STAGES, present_versions, upstream_of
from dagster_project.definitions import defs
from dagster_project.orchestrate.automation import (
    EMPTY_DAYS_PER_TICK,
    HISTORY_DAYS_PER_TICK,
    backfill,
    history,
    nightly,
    source_changes,
)
from dagster_project.orchestrate.instance import SHIPPED_SETTINGS
from dagster_project.orchestrate.launch import chunk_config, chunk_selection
from dagster_project.orchestrate.pipeline import REASON_TAG
from dagster_project.orchestrate.pipeline import pipeline as pipeline_op
from dagster_project.partitions import START_DATE, Window
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.spec import MIN_JOBS, RunnerSpec, days_later
from dagster_project.settings import Settings
from dagster_project.warehouse import SetupError, record_setup

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


@pytest.fixture
def source(
    request: pytest.FixtureRequest,
    runner_url: str,
    warehouse_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Mapping[date, str]:
    """A runner database that nothing was extracted from yet; its fingerprint per day.

    Its days are of 2025, or end yesterday where a test asks for that.
    """
    monkeypatch.setenv("BEACON_RUNNER_URL", runner_url)
    monkeypatch.setenv("BEACON_WAREHOUSE_URL", warehouse_url)
    generate(runner_url, RunnerSpec(jobs=MIN_JOBS, days_later=getattr(request, "param", 0)))
    record_setup(warehouse_url, present_versions())
    return fingerprints(runner_url)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as ephemeral:
        yield ephemeral


def record(
    warehouse_url: str, source: Mapping[date, str], version: str | None = None, **changes: str
) -> None:
    """Write the ledger as if every stage had been done on every day."""
    with psycopg.connect(warehouse_url) as connection:
        for stage in STAGES:
            cause = Cause("some-run", "test")
            ledger.begin(connection, stage.name, upstream_of(stage), sorted(source), cause)
            made_by = version if version and stage.name == "score" else stage.method_version()
            ledger.finish(
                connection,
                [
                    Outcome(day, stage.name, "done", changes.get(day.isoformat(), mark), made_by, 1)
                    for day, mark in source.items()
                ],
            )


def fail(
    warehouse_url: str,
    day: date,
    fingerprint: str,
    status: Literal["failed", "quarantined"] = "quarantined",
) -> None:
    """Write the ledger as if extract had failed on a day of this source."""
    outcome = Outcome(day, "extract", status, fingerprint, "1", error="bad row")
    with psycopg.connect(warehouse_url) as connection:
        ledger.begin(connection, "extract", None, [day], Cause("some-run", "test"))
        ledger.finish(connection, [outcome])


def create_run(
    instance: dg.DagsterInstance,
    key: str,
    status: dg.DagsterRunStatus,
    job: str = backfill.name,
    **tags: str,
) -> dg.DagsterRun:
    tags = {RANGE_START: key, RANGE_END: key, **tags}
    return instance.create_run_for_job(defs.resolve_job_def(job), tags=tags, status=status)


def tick(
    definition: dg.ScheduleDefinition, instance: dg.DagsterInstance, moment: datetime
) -> list[dg.RunRequest]:
    context = dg.build_schedule_context(
        instance, scheduled_execution_time=moment, resources={"settings": Settings()}
    )
    return list(definition.evaluate_tick(context).run_requests or [])


def sense(
    instance: dg.DagsterInstance, cursor: str | None
) -> tuple[list[dg.RunRequest], str | None]:
    context = dg.build_sensor_context(
        instance, cursor=cursor, definitions=defs, resources={"settings": Settings()}
    )
    result = source_changes.evaluate_tick(context)
    return list(result.run_requests or []), result.cursor


def days_of(requests: list[dg.RunRequest]) -> list[date]:
    return [
        day
        for request in requests
        for day in Window.of_days(
            date.fromisoformat(request.tags[RANGE_START]),
            date.fromisoformat(request.tags[RANGE_END]),
        ).days
    ]


NIGHT = datetime(2025, 11, 20, 3, tzinfo=UTC)
until_yesterday = pytest.mark.parametrize(
    "source", [days_later(datetime.now(UTC).date() - timedelta(days=1))], indirect=True, ids=[""]
)


def test_history_requests_the_oldest_missing_days_only(
    source: Mapping[date, str], instance: dg.DagsterInstance
) -> None:
    requested = days_of(tick(history, instance, NIGHT))
    assert sorted(set(requested) & set(source)) == sorted(source)[:HISTORY_DAYS_PER_TICK]


def test_history_waits_behind_the_nightly_run(
    source: Mapping[date, str], instance: dg.DagsterInstance
) -> None:
    newest = max(source)
    night = datetime(newest.year, newest.month, newest.day, 3, tzinfo=UTC) + timedelta(days=1)
    (first, *_) = tick(history, instance, night)
    (second, *_) = tick(nightly, instance, night)
    assert int(first.tags["dagster/priority"]) < int(second.tags["dagster/priority"])


def test_nightly_requests_yesterday_and_no_other_missing_day(
    source: Mapping[date, str], instance: dg.DagsterInstance
) -> None:
    newest = max(source)
    night = datetime(newest.year, newest.month, newest.day, 3, tzinfo=UTC) + timedelta(days=1)
    assert days_of(tick(nightly, instance, night)) == [newest]


def test_nightly_requests_yesterday_even_when_it_is_empty(
    source: Mapping[date, str], warehouse_url: str, instance: dg.DagsterInstance
) -> None:
    record(warehouse_url, source)
    yesterday = max(source) + timedelta(days=1)
    night = datetime(yesterday.year, yesterday.month, yesterday.day, 3, tzinfo=UTC)
    assert days_of(tick(nightly, instance, night + timedelta(days=1))) == [yesterday]


def test_history_ends_with_the_empty_days_so_that_none_is_shown_as_missing(
    source: Mapping[date, str], warehouse_url: str, instance: dg.DagsterInstance
) -> None:
    record(warehouse_url, source)
    empty = [day for day in Window.of_days(START_DATE, max(source)).days if day not in source]
    assert days_of(tick(history, instance, NIGHT)) == empty[:EMPTY_DAYS_PER_TICK]


def test_nothing_is_requested_when_every_day_is_current(
    source: Mapping[date, str], warehouse_url: str, instance: dg.DagsterInstance
) -> None:
    record(warehouse_url, source)
    past = Window(START_DATE, NIGHT.date()).days
    with psycopg.connect(warehouse_url) as connection:
        connection.cursor().executemany(
            "insert into ops.partition_ledger (job_day, stage, status, method_version, attempts,"
            " started_at, build_id, built_from)"
            " select %(day)s, stage, status, method_version, 0, started_at, build_id, built_from"
            " from ops.partition_ledger where job_day = %(like)s",
            [{"day": day, "like": min(source)} for day in past if day not in source],
        )
    assert tick(nightly, instance, NIGHT) == []
    assert tick(history, instance, NIGHT) == []
    assert sense(instance, None)[0] == []


@until_yesterday
def test_a_changed_day_is_requested_once_per_change(
    source: Mapping[date, str], warehouse_url: str, instance: dg.DagsterInstance
) -> None:
    changed = max(source)
    record(warehouse_url, source, **{changed.isoformat(): "another state"})
    requests, cursor = sense(instance, None)
    assert days_of(requests) == [changed]
    assert sense(instance, cursor)[0] == []


def test_an_old_day_that_changed_waits_for_the_night(
    source: Mapping[date, str], warehouse_url: str, instance: dg.DagsterInstance
) -> None:
    changed = min(source)
    record(warehouse_url, source, **{changed.isoformat(): "another state"})
    assert sense(instance, None)[0] == []
    assert changed in days_of(tick(nightly, instance, NIGHT))


def test_a_new_method_requests_scoring_without_extracting(
    source: Mapping[date, str], warehouse_url: str, instance: dg.DagsterInstance
) -> None:
    record(warehouse_url, source, version="older")
    newest = max(source)
    night = datetime(newest.year, newest.month, newest.day, 3, tzinfo=UTC) + timedelta(days=1)
    requests = tick(nightly, instance, night)
    assert set(source) <= set(days_of(requests))
    selected = {key.path[0] for request in requests for key in request.asset_selection or []}
    assert "scores" in selected
    assert "raw" not in selected


def test_a_day_whose_run_waits_to_start_is_not_requested_again(
    source: Mapping[date, str], instance: dg.DagsterInstance
) -> None:
    before = days_of(tick(history, instance, NIGHT))
    taken = min(before)
    ours = {REASON_TAG: history.name}
    create_run(instance, taken.isoformat(), dg.DagsterRunStatus.STARTING, **ours)
    assert taken not in days_of(tick(history, instance, NIGHT))


@pytest.mark.parametrize("key", ["", "eu"], ids=["a day", "a region"])
def test_a_waiting_run_of_somebody_else_silences_nothing(
    source: Mapping[date, str], instance: dg.DagsterInstance, key: str
) -> None:
    before = days_of(tick(history, instance, NIGHT))
    foreign = {"key": key or min(before).isoformat(), "job": "checks"}
    create_run(instance, status=dg.DagsterRunStatus.STARTING, **foreign)
    assert days_of(tick(history, instance, NIGHT)) == before


@pytest.mark.parametrize(
    "lacks", ["", "drop table ops.archived_days"], ids=["other rules", "an earlier release"]
)
def test_rules_that_are_not_installed_are_never_requested(
    source: Mapping[date, str], warehouse_url: str, instance: dg.DagsterInstance, lacks: str
) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("update ops.setup set version = 'older' where part = 'files'")
        connection.execute(lacks.encode())
    with pytest.raises(dg.DagsterError) as raised:
        tick(nightly, instance, NIGHT)
    assert isinstance(raised.value.__cause__, SetupError)


def test_a_run_that_was_killed_keeps_no_day_from_being_requested(
    source: Mapping[date, str], instance: dg.DagsterInstance
) -> None:
    before = days_of(tick(history, instance, NIGHT))
    # A killed process leaves its run as it was, for ever.
    create_run(instance, min(before).isoformat(), dg.DagsterRunStatus.STARTED)
    assert days_of(tick(history, instance, NIGHT)) == before


@until_yesterday
def test_a_changed_day_whose_run_fails_is_not_requested_again(
    source: Mapping[date, str], warehouse_url: str, instance: dg.DagsterInstance
) -> None:
    changed = max(source)
    record(warehouse_url, source, **{changed.isoformat(): "another state"})
    _, cursor = sense(instance, None)
    fail(warehouse_url, changed, "another state")
    requests, cursor = sense(instance, cursor)
    assert requests == []
    assert sense(instance, cursor)[0] == []


def test_a_day_that_the_machine_failed_is_requested_by_all_until_it_is_done(
    source: Mapping[date, str], warehouse_url: str, instance: dg.DagsterInstance
) -> None:
    day = min(source)
    record(warehouse_url, source)
    fail(warehouse_url, day, source[day], "failed")
    requests, cursor = sense(instance, None)
    assert days_of(requests) == [day]
    # And yesterday, which the nightly run takes even when it is empty.
    assert days_of(tick(nightly, instance, NIGHT))[0] == day
    assert days_of(tick(history, instance, NIGHT)) == [day]
    ours = {REASON_TAG: source_changes.name}
    create_run(instance, day.isoformat(), dg.DagsterRunStatus.CANCELED, **ours)
    assert sense(instance, cursor)[0] == []
    create_run(instance, day.isoformat(), dg.DagsterRunStatus.FAILURE, **ours)
    requests, cursor = sense(instance, cursor)
    assert days_of(requests) == [day]
    assert sense(instance, cursor)[0] == []


def test_each_request_leaves_out_what_another_run_has_done(
    source: Mapping[date, str], instance: dg.DagsterInstance
) -> None:
    for request in tick(history, instance, NIGHT):
        assert request.run_config == chunk_config()
        assert request.tags[REASON_TAG] == "history"


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_a_chunk_from_any_stage_on_is_a_run_of_one_op(stage: str) -> None:
    chunk = Chunk(Window.of_day(NIGHT.date()), stage, source_rows=0)
    job = defs.resolve_job_def(backfill.name)
    run = job.get_subset(asset_selection=frozenset(chunk_selection(chunk)))
    assert [node.name for node in run.nodes] == [pipeline_op.op.name]


def test_history_takes_at_most_all_but_one_of_the_slots_for_runs() -> None:
    settings = yaml.safe_load(SHIPPED_SETTINGS.read_text(encoding="utf-8"))
    runs = settings["concurrency"]["runs"]
    (limit,) = runs["tag_concurrency_limits"]
    assert (limit["key"], limit["value"]) == (REASON_TAG, history.name)
    assert limit["limit"] < runs["max_concurrent_runs"]
