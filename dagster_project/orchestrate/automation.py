"""When work is requested: schedules and sensors, each a few lines over the plan.

Belongs here: cron lines, priorities and which states to request. Does not belong here: deciding a
day's state (plan.py) or doing the work (runs.py).
"""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import dagster as dg

from dagster_project.backfill.plan import (
    CHUNK_DAYS,
    EXTRACT,
    Chunk,
    DayPlan,
    Plan,
    State,
    chunks,
    days_in,
    note_source,
    read_plan,
)
from dagster_project.backfill.stages import present_versions
from dagster_project.deliver.alerts.alerts import note_days, targets, tell
from dagster_project.orchestrate.checks import standing_checks, whole_tables
from dagster_project.orchestrate.launch import chunk_config, chunk_selection, chunk_tags
from dagster_project.orchestrate.partitions import FIRST_DAY, range_tags, tagged_window
from dagster_project.orchestrate.pipeline import PUBLISH, REASON_TAG, pipeline
from dagster_project.orchestrate.specs import (
    PUBLICATIONS,
    REPORT,
    SETUP_SPECS,
    SNAPSHOT,
    STAGE_SPECS,
)
from dagster_project.partitions import Window
from dagster_project.postgres import connect
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from dagster_project.warehouse import SetupError, setup_fault

WHEN = Settings()
"""Of it only whether and how often schedules and sensors tick: Dagster asks when it loads them."""

# What somebody starts or stops in Dagster is kept in its instance and stands before this.
SCHEDULES = dg.DefaultScheduleStatus.RUNNING if WHEN.schedules else dg.DefaultScheduleStatus.STOPPED
SENSOR = dg.DefaultSensorStatus.RUNNING if WHEN.schedules else dg.DefaultSensorStatus.STOPPED

HISTORY_DAYS_PER_TICK = 14
EMPTY_DAYS_PER_TICK = 62
RECENT = timedelta(days=3)
"""Of the past, as far as `source_changes` looks: job_days, which later rows do not leave.

A month is too much to be looked at every few minutes: at a million executions a year it was not
found by the source's indexes, 3.7 CPU-seconds; seven days took .4 of them.
"""
PRIORITY_TAG = "dagster/priority"
HISTORY_PRIORITY = -1
NIGHTLY = "nightly"
ALERT_SECONDS = 60
MARK_DIGITS = 16
SEEN_FAILURES = 100

# A run that has started holds its days' locks, which the plan sees; one that was killed holds none,
# whatever status it is left with.
WAITING = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING)

setup = dg.define_asset_job(
    "setup",
    selection=dg.AssetSelection.assets(*(spec.key for spec in SETUP_SPECS)),
    description="Create or update schemas, seeds and views. Days stay as they are.",
)
backfill = dg.define_asset_job(
    "backfill",
    selection=dg.AssetSelection.assets(*(spec.key for spec in STAGE_SPECS)),
    description="Extract, unify, score and analyse a range of job_days.",
)
deliver = dg.define_asset_job(
    "deliver",
    selection=dg.AssetSelection.assets(REPORT, SNAPSHOT),
    description="Write the reports of a range of job_days, and the snapshot of all.",
)
publish = dg.define_asset_job(
    PUBLISH,
    selection=dg.AssetSelection.assets(PUBLICATIONS),
    description="Publish analyses of a range of job_days. Off unless BEACON_PUBLISH_URL is set.",
)

checks = dg.define_asset_job(
    "checks",
    selection=dg.AssetSelection.checks(standing_checks, whole_tables),
    description="Look at every job_day: bad ones, late ones, rows without a day, lost rows.",
)
hourly_checks = dg.ScheduleDefinition(
    name="hourly_checks",
    job=checks,
    cron_schedule=WHEN.checks_cron,
    execution_timezone="UTC",
    default_status=SCHEDULES,
    # Tells its runs from others' in an instance that is not this project's alone.
    tags={REASON_TAG: "hourly_checks"},
)


@dg.schedule(
    job=backfill,
    cron_schedule=WHEN.nightly_cron,
    execution_timezone="UTC",
    default_status=SCHEDULES,
)
def nightly(
    context: dg.ScheduleEvaluationContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.RunRequest]:
    """Request yesterday, even when it is empty, and every stale day; first in the queue.

    Yields:
        One run per chunk of days.
    """
    yesterday = (context.scheduled_execution_time - timedelta(days=1)).date()
    days = _free(_with_empty_days(_plan(settings).days, yesterday), context.instance)
    wanted = {
        day.job_day
        for day in days
        if _is_stale(day) or (day.job_day == yesterday and day.state is State.MISSING)
    }
    yield from _requests(days, wanted, NIGHTLY, priority=0)


@dg.schedule(
    job=backfill,
    cron_schedule=WHEN.history_cron,
    execution_timezone="UTC",
    default_status=SCHEDULES,
)
def history(
    context: dg.ScheduleEvaluationContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.RunRequest]:
    """Request the oldest days that are missing or failed, then the empty ones; last in the queue.

    Yields:
        Runs over at most HISTORY_DAYS_PER_TICK days, or EMPTY_DAYS_PER_TICK empty ones.
    """
    plan = _plan(settings).days
    days = _free(plan, context.instance)
    # A day that a full disk or a lost server stopped is as good as one that was never begun.
    oldest = sorted(days_in(days, {State.MISSING, State.FAILED}))[:HISTORY_DAYS_PER_TICK]
    if not oldest:
        yesterday = (context.scheduled_execution_time - timedelta(days=1)).date()
        days = _free(_with_empty_days(plan, yesterday), context.instance)
        oldest = sorted(days_in(days, {State.MISSING}))[:EMPTY_DAYS_PER_TICK]
    yield from _requests(days, oldest, "history", priority=HISTORY_PRIORITY)


@dg.sensor(job=backfill, minimum_interval_seconds=WHEN.sensor_seconds, default_status=SENSOR)
def source_changes(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.SensorResult:
    """Request recent days whose source rows changed, once per change and per run that failed.

    Older days that change are for `nightly`: a look at all of the source costs as much as it holds.
    Its cursor holds the changes that were requested already.
    """
    today = datetime.now(UTC).date()
    plan = _plan(settings, Window(today - RECENT, date.max))
    # A mark lasts until the day is current, so that a run that was canceled is not asked for again.
    failed = list(_windows(context.instance, [dg.DagsterRunStatus.FAILURE], limit=SEEN_FAILURES))
    marks = {
        day.job_day: _mark(day, plan, failed) for day in plan.days if day.state is not State.CURRENT
    }
    asked = set(json.loads(context.cursor or "[]")) & set(marks.values())
    free = _free(plan.days, context.instance)
    new = {day.job_day for day in free if _is_stale(day) and marks[day.job_day] not in asked}
    return dg.SensorResult(
        run_requests=list(_requests(free, new, "source_changes", priority=0)),
        cursor=json.dumps(sorted(asked | {marks[day] for day in new})),
    )


def _mark(day: DayPlan, plan: Plan, failed: Sequence[tuple[str, Window]]) -> str:
    # The newest first. Only the machine's faults leave a day stale or failed after its run.
    run = next((run for run, window in failed if day.job_day in window), "")
    seen = sha256(f"{day.fingerprint} {sorted(plan.installed.items())} {run}".encode())
    return f"{day.job_day}:{seen.hexdigest()[:MARK_DIGITS]}"


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[backfill],
    request_jobs=[deliver, publish],
)
def deliveries(
    context: dg.RunStatusSensorContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request report, snapshot and, where it is switched on, publishing after a nightly run."""
    run = context.dagster_run
    window = tagged_window(run.tags)
    if run.tags.get(REASON_TAG) != NIGHTLY or window is None:
        yield dg.SkipReason("Only the nightly run is followed by deliveries.")
        return
    jobs = [deliver, *([publish] if settings.publish_url else [])]
    for job in jobs:
        yield dg.RunRequest(
            run_key=f"{run.run_id}/{job.name}",
            job_name=job.name,
            tags={**range_tags(window), REASON_TAG: "deliveries"},
            # Who switched publishing on has confirmed it.
            run_config={"ops": {pipeline.op.name: {"config": {"confirm": job.name}}}},
        )


@dg.sensor(
    minimum_interval_seconds=ALERT_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING
    if WHEN.alert_urls
    else dg.DefaultSensorStatus.STOPPED,
)
def alerts(settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
    """Tell BEACON_ALERT_URLS what failed and what is well again; a failed tick has told not all."""
    told = targets(settings)
    if not told:
        return dg.SkipReason("Nobody is to be told: BEACON_ALERT_URLS is not set.")
    url = settings.require("warehouse_url")
    with connect(url, application="alerts") as connection:
        note_days(connection)
    return dg.SkipReason(f"Messages sent: {tell(url, told)}.")


def _plan(settings: Settings, recent: Window | None = None) -> Plan:
    databases = Databases.of(settings)
    plan = read_plan(databases, recent=recent)
    fault = setup_fault(plan.installed, present_versions())
    if fault is not None:
        raise SetupError(fault)
    if recent is None:
        note_source(databases, plan)
    return plan


def _with_empty_days(days: Sequence[DayPlan], last: date) -> Sequence[DayPlan]:
    """Add the days up to the last one that neither the source nor the ledger knows.

    Nothing is to be done for them, but until a run has seen them Dagster shows them as missing.
    """
    known = {day.job_day for day in days}
    empty = [
        DayPlan(day, State.MISSING, EXTRACT, "empty", None, source_changed=False)
        for day in Window.of_days(FIRST_DAY, last).days
        if day not in known
    ]
    return sorted([*days, *empty], key=lambda day: day.job_day)


def _is_stale(day: DayPlan) -> bool:
    # A quarantined day is tried again when its source rows changed, not before.
    return day.state in (State.STALE, State.FAILED) or (
        day.state is State.QUARANTINED and day.source_changed
    )


def _free(days: Sequence[DayPlan], instance: dg.DagsterInstance) -> Sequence[DayPlan]:
    taken = [window for _, window in _windows(instance, WAITING)]
    return [day for day in days if not any(day.job_day in window for window in taken)]


def _windows(
    instance: dg.DagsterInstance,
    statuses: Sequence[dg.DagsterRunStatus],
    limit: int | None = None,
) -> Iterator[tuple[str, Window]]:
    """Yield id and job_days of our runs in one of some states, the newest first."""
    for run in instance.get_runs(dg.RunsFilter(statuses=statuses), limit=limit):
        # Others' runs may have partitions of another kind under the same tags.
        window = tagged_window(run.tags) if REASON_TAG in run.tags else None
        if window is not None:
            yield run.run_id, window


def _requests(
    days: Sequence[DayPlan], wanted: Collection[date], kind: str, *, priority: int
) -> Iterator[dg.RunRequest]:
    for chunk in chunks(days, wanted, CHUNK_DAYS):
        yield _request(chunk, kind, priority)


def _request(chunk: Chunk, kind: str, priority: int) -> dg.RunRequest:
    return dg.RunRequest(
        # Tells the runs of one tick apart. A sensor's key would forbid the same days for ever.
        run_key=None if kind == source_changes.name else f"{chunk.window.start}/{chunk.stage}",
        asset_selection=chunk_selection(chunk),
        tags={**chunk_tags(chunk, kind), PRIORITY_TAG: str(priority)},
        run_config=chunk_config(),
    )
