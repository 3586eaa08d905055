"""Takes a window of job_days through the stages, each day's outcome on its own.

Belongs here: isolation of bad days, retries, locks, ledger entries. Does not belong here: Dagster.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
from psycopg.rows import dict_row
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from dagster_project.backfill import ledger
from dagster_project.backfill.fingerprints import fingerprints, rows_of
from dagster_project.backfill.ledger import Cause, Outcome
from dagster_project.backfill.neighbours import changed_neighbours, neighbours, rows_per_day
from dagster_project.backfill.plan import State, days_in, read_plan
from dagster_project.backfill.stages import present_versions, upstream_of
from dagster_project.extract.deletions import ACCEPT
from dagster_project.partitions import ALL_DAYS, Window
from dagster_project.postgres import connect, read_sql
from dagster_project.stage import (
    Databases,
    MachineError,
    Stage,
    Terms,
    TestResult,
    is_of_data,
    is_transient,
    machine_faults,
)
from dagster_project.warehouse import SetupError, setup_fault

ATTEMPTS = 3
FIRST_WAIT_S = 1
LONGEST_WAIT_S = 20
SPAN_ROWS = 100_000
"""Most source rows that are taken through the stages of single days together."""
SPAN_DAYS = 92
"""Most days of them: a stop is heard when the stage of a span is done and its events are stored."""
MOST_LOST_SHARE = 0.5
"""Share of its days that a source may lose before nothing of it is believed."""
SHOWN_DAYS = 20
MOST_UNKNOWN_SHARE = 0.1
"""Share of a table's rows that a window may write before the planner must be told."""

Measures = Mapping[str, float | int | str | None]
"""What a day's rows of a relation amount to, by name."""


@dataclass(frozen=True)
class BadDay:
    """A job_day that a stage could not process."""

    job_day: date
    error: Exception


@dataclass(frozen=True)
class StageDone:
    """What a stage made of its days.

    Attributes:
        stage: The stage.
        rows: Per good job_day and relation, the rows that are there now.
        measures: Per job_day and relation, what else is worth showing; None for unknown.
        bad_days: The days that failed, oldest first.
        tests: Data tests that ran, one entry per test and window.
        seconds: Wall-clock time of all its days together.
        is_last: Whether the run has no other stage of any day to do.
    """

    stage: Stage
    rows: Mapping[date, Mapping[str, int]]
    measures: Mapping[date, Mapping[str, Measures]]
    bad_days: Sequence[BadDay]
    tests: Sequence[TestResult]
    seconds: float
    is_last: bool = False


@dataclass(frozen=True)
class Work:
    """What a run was launched to do.

    Attributes:
        window: The job_days, half-open, UTC.
        stages: In order; a prefix may be missing when only later stages are wanted.
        cause: Dagster run and reason, for the ledger.
        batch_rows: Most rows that a stage holds in memory at a time.
        only_needed: Whether to leave out days that are current by the time their locks are held:
            another run may have done them in the meantime.
        accepts_deletions: Whether days that the source has lost are emptied, too.
    """

    window: Window
    stages: Sequence[Stage]
    cause: Cause
    batch_rows: int
    only_needed: bool = False
    accepts_deletions: bool = False

    @property
    def terms(self) -> Terms:
        """What each stage is told."""
        return Terms(self.batch_rows, self.accepts_deletions)


class StoppedError(RuntimeError):
    """A request to stop was heard; the stage in work is done, what follows it is not begun."""

    def __init__(self, left: int) -> None:
        """Say how many job_days are not done."""
        super().__init__(f"stopped as requested; {left} days are left. To resume: beacon backfill")


def never() -> bool:
    """Tell that nobody asked to stop."""
    return False


def process_days(
    databases: Databases, work: Work, stop: Callable[[], bool] = never
) -> Iterator[StageDone]:
    """Take every day of a window through the stages; a bad day stops only itself.

    Args:
        databases: Source and warehouse.
        work: The days and stages.
        stop: Asked before each stage of each span of days whether to end here; the first included.

    Yields:
        Each stage of each span when it is done. The bad days go no further; their old rows are
        still in place. At the end stages with days around the window whose rows the run changed.

    Raises:
        StoppedError: `stop` said so, and work is left.
        MachineError: The machine or a server lacks something. What is not done is taken up again
            by the next plan; no day is blamed.
    """
    with (
        machine_faults(),
        connect(databases.warehouse, application="ledger") as connection,
        day_locks(databases.warehouse, work.window),
    ):
        connection.autocommit = True
        # As dbt's sessions: macros/replace_window.sql.
        connection.execute("set default_statistics_target = 20")
        # Taken before the extract's snapshot: a change in between makes the day stale, never fresh.
        sources = fingerprints(databases.runner, work.window)
        days = _days_to_do(databases, work, sources)
        if not days:
            return
        if stop():
            raise StoppedError(len(days))
        if not work.accepts_deletions and upstream_of(work.stages[0]) is None:
            _refuse_half_a_source(databases, connection, work.window, sources)
        around = neighbours(connection, work.stages, work.window)
        parts = list(_parts(work.stages, days, sources))
        bad: set[date] = set()
        for number, (stages, part) in enumerate(parts):
            good = [day for day in part if day not in bad]
            some_work = replace(work, stages=stages)
            for done in _process_part(databases, connection, some_work, good, sources):
                bad |= {one.job_day for one in done.bad_days}
                to_do = parts[number + (done.stage is stages[-1]) :]
                yield replace(done, is_last=not to_do)
                if to_do and stop():
                    raise StoppedError(len({day for _, some in to_do for day in some}))
        changed = changed_neighbours(databases, connection, work.stages, work.window, around)
        for stage, day, error in changed:
            yield StageDone(stage, {}, {}, [BadDay(day, error)], (), 0)


def _days_to_do(databases: Databases, work: Work, sources: Mapping[date, str]) -> Sequence[date]:
    plan = read_plan(databases, work.window, sources)
    fault = setup_fault(plan.installed, present_versions())
    if fault is not None:
        raise SetupError(fault)
    if not work.only_needed:
        return work.window.days
    current = days_in(plan.days, {State.CURRENT})
    return [day for day in work.window.days if day not in current]


def _refuse_half_a_source(
    databases: Databases,
    connection: psycopg.Connection[Any],
    window: Window,
    sources: Mapping[date, str],
) -> None:
    """Let nothing be read of a source that has lost most of its days: it is not to be believed.

    The whole source is looked at only when a day of the window has gone.

    Raises:
        MachineError: It has; names the days.
    """
    if _held_days(connection, window) <= sources.keys():
        return
    held = _held_days(connection, ALL_DAYS)
    lost = sorted(held - fingerprints(databases.runner).keys())
    if len(lost) > MOST_LOST_SHARE * len(held):
        shown = ", ".join(map(str, lost[:SHOWN_DAYS])) + (", …" if lost[SHOWN_DAYS:] else "")
        raise MachineError(
            f"the source has lost {len(lost)} of {len(held)} job_days that were copied of it "
            f"({shown}), as after a truncation or half a restore. Nothing was deleted here.\n"
            f"Restore it. If these days are gone for good: beacon backfill {ACCEPT}."
        )


def _held_days(connection: psycopg.Connection[Any], window: Window) -> set[date]:
    found = connection.execute(read_sql("backfill/held_days.sql"), vars(window)).fetchall()
    return {day for (day,) in found}


def next_span(days: Sequence[date], sources: Mapping[date, str]) -> Sequence[date]:
    """Return the first of some days that go through all stages together, at least one.

    Args:
        sources: Fingerprints, which hold the numbers of source rows.
    """
    totals = accumulate(rows_of(sources.get(day)) for day in days)
    return days[: min(SPAN_DAYS, max(1, sum(total <= SPAN_ROWS for total in totals)))]


def _parts(
    stages: Sequence[Stage], days: Sequence[date], sources: Mapping[date, str]
) -> Iterator[tuple[Sequence[Stage], Sequence[date]]]:
    """Cut the work of a run: stages that go together, and their days."""
    of_days = [stage for stage in stages if not stage.is_of_periods]
    of_periods = [stage for stage in stages if stage.is_of_periods]
    left = days
    while of_days and left:
        span = next_span(left, sources)
        yield of_days, span
        left = left[len(span) :]
    if of_periods:
        yield of_periods, days


def _process_part(
    databases: Databases,
    connection: psycopg.Connection[Any],
    work: Work,
    days: Sequence[date],
    sources: Mapping[date, str],
) -> Iterator[StageDone]:
    for stage in work.stages:
        ledger.begin(connection, stage.name, upstream_of(stage), days, work.cause)
        try:
            done = _run_stage(databases, connection, stage, days, work.terms)
        except MachineError as error:
            bad = [BadDay(day, error) for day in days]
            # Where the ledger has no room either, the days stay as begun, which is stale.
            with suppress(psycopg.Error):
                ledger.finish(
                    connection, list(_outcomes(StageDone(stage, {}, {}, bad, (), 0), sources))
                )
            raise
        ledger.finish(connection, list(_outcomes(done, sources)))
        yield done
        days = [day for day in days if day in done.rows]


def _run_stage(
    databases: Databases,
    connection: psycopg.Connection[Any],
    stage: Stage,
    days: Sequence[date],
    terms: Terms,
) -> StageDone:
    bad_days: list[BadDay] = []
    tests: list[TestResult] = []
    started = perf_counter()

    def attempt(window: Window) -> None:
        tests.extend(stage.run(databases, window, terms))

    for span in spans(days):
        bad_days.extend(isolate(span, attempt))
    seconds = perf_counter() - started
    failed = {bad.job_day for bad in bad_days}
    rows: dict[date, dict[str, int]] = {day: {} for day in days if day not in failed}
    measures: dict[date, dict[str, Measures]] = {day: {} for day in rows}
    if rows:
        window = Window(days[0], days[-1] + timedelta(days=1))
        for relation in stage.relations:
            counts = rows_per_day(connection, relation, window)
            measured = _measures_per_day(connection, relation, window)
            for day, per_relation in rows.items():
                per_relation[relation] = counts.get(day, 0)
                measures[day][relation] = measured.get(day, {})
            _refresh_statistics(connection, relation, window, sum(counts.values()))
    return StageDone(stage, rows, measures, bad_days, tests, seconds)


def isolate(
    window: Window, attempt: Callable[[Window], None], *, is_last: bool = False
) -> list[BadDay]:
    """Do a window at once; when it fails, halve it until the bad days stand alone.

    Args:
        window: The days; `attempt` does all of them or nothing.
        attempt: The work. Transient errors are retried here, and nowhere else.

    Returns:
        The days that failed on their own. When the cause is transient (a deadlock) the whole window
        failed and nothing is halved.

    Raises:
        MachineError: The cause is the machine's: no window would do better.
    """
    try:
        with machine_faults():
            for trial in Retrying(
                retry=retry_if_exception(lambda e: isinstance(e, Exception) and is_transient(e)),
                stop=stop_after_attempt(ATTEMPTS),
                wait=wait_exponential_jitter(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
                reraise=True,
            ):
                with trial:
                    attempt(window)
    except MachineError:
        raise
    # Any error of one day must leave the other days alone; it is recorded and raised at the end.
    except Exception as error:  # noqa: BLE001
        days = window.days
        if is_transient(error) or (len(days) == 1 and (is_last or is_of_data(error))):
            return [BadDay(day, error) for day in days]
        if len(days) == 1:
            # Nobody knows whose fault it is: a day is tried alone twice before it is blamed.
            return isolate(window, attempt, is_last=True)
        middle = days[len(days) // 2]
        return [
            *isolate(Window(window.start, middle), attempt),
            *isolate(Window(middle, window.end), attempt),
        ]
    return []


def spans(days: Sequence[date]) -> Iterator[Window]:
    """Yield the contiguous windows that cover exactly these days.

    Args:
        days: Sorted, without duplicates.

    Yields:
        Half-open windows, oldest first.
    """
    start: date | None = None
    previous: date | None = None
    for day in days:
        if start is None or previous is None:
            start = day
        elif day != previous + timedelta(days=1):
            yield Window(start, previous + timedelta(days=1))
            start = day
        previous = day
    if start is not None and previous is not None:
        yield Window(start, previous + timedelta(days=1))


@contextmanager
def day_locks(url: str, window: Window) -> Iterator[None]:
    """Hold the locks of a window's job_days, once no living run holds one."""
    # Session locks: they end with the session, so a killed run leaves none behind.
    with connect(url, application="day-locks") as connection:
        connection.autocommit = True
        connection.execute("set lock_timeout = 0")
        connection.execute("set statement_timeout = 0")
        connection.execute(read_sql("backfill/lock_days.sql"), vars(window))
        yield


def _measures_per_day(
    connection: psycopg.Connection[Any], relation: str, window: Window
) -> dict[date, Measures]:
    path = Path(__file__).with_name("measures") / f"{relation}.sql"
    if not path.exists():
        return {}
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(read_sql(path), vars(window)).fetchall()
    return {row.pop("job_day"): row for row in found}


def _refresh_statistics(
    connection: psycopg.Connection[Any], relation: str, window: Window, written: int
) -> None:
    # Without statistics of a first load the next stage joins row by row: minutes become hours.
    values = {"known_table": relation, **vars(window)}
    row = connection.execute(read_sql("backfill/known_rows.sql"), values).fetchone()
    known = float(row[0]) if row else 0
    if written > MOST_UNKNOWN_SHARE * max(known, 0):
        connection.execute(
            "select ops.analyze_window(%(known_table)s::regclass, %(start)s, %(end)s)", values
        )


def _outcomes(done: StageDone, sources: Mapping[date, str]) -> Iterator[Outcome]:
    version = done.stage.method_version()
    copies = upstream_of(done.stage) is None
    weights = {day: 1 + rows_of(sources.get(day)) for day in done.rows}
    seconds_per_weight = done.seconds / max(1, sum(weights.values()))
    for day, rows in done.rows.items():
        yield Outcome(
            job_day=day,
            stage=done.stage.name,
            status="done",
            source_fingerprint=sources.get(day) if copies else None,
            method_version=version,
            row_count=rows[done.stage.relations[0]],
            seconds=weights[day] * seconds_per_weight,
        )
    for bad in done.bad_days:
        is_machines = isinstance(bad.error, MachineError)
        yield Outcome(
            job_day=bad.job_day,
            stage=done.stage.name,
            status="failed" if is_machines or is_transient(bad.error) else "quarantined",
            source_fingerprint=sources.get(bad.job_day) if copies else None,
            method_version=version,
            error=str(bad.error) if is_machines else f"{type(bad.error).__name__}: {bad.error}",
        )
