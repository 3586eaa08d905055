"""Schedules and sensor, really ticked on an ephemeral instance: which runs do they request?"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import psycopg
import pytest

from dagster_project.backfill import ledger
from dagster_project.backfill.assets import STAGES
from dagster_project.backfill.automation import (
    HISTORY_DAYS_PER_TICK,
    backfill,
    history,
    nightly,
    source_changes,
)
from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.backfill.ledger import Cause, Outcome
from dagster_project.definitions import defs
from dagster_project.partitions import Window
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.spec import MIN_JOBS, RunnerSpec

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


@pytest.fixture
def source(
    runner_url: str, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> Mapping[date, str]:
    """A runner database that nothing was extracted from yet; its fingerprint per day."""
    monkeypatch.setenv("BEACON_RUNNER_URL", runner_url)
    monkeypatch.setenv("BEACON_WAREHOUSE_URL", warehouse_url)
    generate(runner_url, RunnerSpec(jobs=MIN_JOBS))
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
            ledger.begin(connection, stage.name, sorted(source), Cause("some-run", "test"))
            made_by = version if version and stage.name == "score" else stage.method_version()
            ledger.finish(
                connection,
                [
                    Outcome(day, stage.name, "done", changes.get(day.isoformat(), mark), made_by, 1)
                    for day, mark in source.items()
                ],
            )


def tick(
    definition: dg.ScheduleDefinition, instance: dg.DagsterInstance, moment: datetime
) -> list[dg.RunRequest]:
    context = dg.build_schedule_context(instance, scheduled_execution_time=moment)
    return list(definition.evaluate_tick(context).run_requests or [])


def sense(
    instance: dg.DagsterInstance, cursor: str | None
) -> tuple[list[dg.RunRequest], str | None]:
    context = dg.build_sensor_context(instance, cursor=cursor, definitions=defs)
    result = source_changes.evaluate_tick(context)
    return list(result.run_requests or []), result.cursor


def days_of(requests: list[dg.RunRequest]) -> list[date]:
    return [
        day
        for request in requests
        for day in Window.of_partition_range(
            dg.PartitionKeyRange(request.tags[RANGE_START], request.tags[RANGE_END])
        ).days
    ]


NIGHT = datetime(2025, 11, 20, 3, tzinfo=UTC)


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


def test_nothing_is_requested_when_every_day_is_current(
    source: Mapping[date, str], warehouse_url: str, instance: dg.DagsterInstance
) -> None:
    record(warehouse_url, source)
    assert tick(nightly, instance, NIGHT) == []
    assert tick(history, instance, NIGHT) == []
    assert sense(instance, None)[0] == []


def test_a_changed_day_is_requested_once_per_change(
    source: Mapping[date, str], warehouse_url: str, instance: dg.DagsterInstance
) -> None:
    changed = min(source)
    record(warehouse_url, source, **{changed.isoformat(): "another state"})
    requests, cursor = sense(instance, None)
    assert days_of(requests) == [changed]
    assert sense(instance, cursor)[0] == []


def test_a_new_method_requests_scoring_without_extracting(
    source: Mapping[date, str], warehouse_url: str, instance: dg.DagsterInstance
) -> None:
    record(warehouse_url, source, version="older")
    requests = tick(nightly, instance, NIGHT)
    assert set(source) <= set(days_of(requests))
    selected = {key.path[0] for request in requests for key in request.asset_selection or []}
    assert "scores" in selected
    assert "raw" not in selected


def test_a_day_with_an_open_run_is_not_requested_again(
    source: Mapping[date, str], instance: dg.DagsterInstance
) -> None:
    before = days_of(tick(history, instance, NIGHT))
    taken = min(before)
    instance.create_run_for_job(
        defs.resolve_job_def(backfill.name),
        tags={RANGE_START: taken.isoformat(), RANGE_END: taken.isoformat()},
        status=dg.DagsterRunStatus.STARTED,
    )
    assert taken not in days_of(tick(history, instance, NIGHT))
