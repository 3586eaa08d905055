"""Which job_days need which stages, in which runs, and how long these take.

Deciding is pure; `read_plan` alone looks at the databases. Loads no stage: a plan comes at once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from math import ceil
from statistics import median
from typing import Any

import psycopg

from dagster_project.backfill import ledger
from dagster_project.backfill.fingerprints import Source, identity_in, read_source, rows_of
from dagster_project.backfill.ledger import LedgerRow
from dagster_project.backfill.stages import STAGES, stages_from
from dagster_project.partitions import ALL_DAYS, Window
from dagster_project.postgres import connect, only_row, read_sql
from dagster_project.score import semantic_version
from dagster_project.stage import Databases
from dagster_project.warehouse import installed_versions

EXTRACT = "extract"
SCORE = "score"
CHUNK_DAYS = 92
"""Most job_days of a run, where nobody says otherwise: a run costs the same whatever it does."""
LIKE_SIZE = 2
"""Runs of at most so many times more or fewer source rows are of like size."""


class State(StrEnum):
    """What a job_day needs."""

    MISSING = "missing"
    STALE = "stale"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    RUNNING = "running"
    CURRENT = "current"


BAD = frozenset({State.FAILED, State.QUARANTINED})
TO_DO = frozenset(State) - {State.CURRENT, State.RUNNING}


@dataclass(frozen=True)
class DayPlan:
    """State of one job_day.

    Attributes:
        job_day: The day.
        state: Its state.
        stage: First stage that is not current; None when all are.
        reason: Why, for a person; empty when current.
        fingerprint: The source's fingerprint of that day; None when it has no row there.
        source_changed: Whether the source differs from what was copied.
    """

    job_day: date
    state: State
    stage: str | None
    reason: str
    fingerprint: str | None
    source_changed: bool


@dataclass(frozen=True)
class Chunk:
    """Work for one run: contiguous job_days that start at the same stage.

    Attributes:
        window: The days; half-open, UTC.
        stage: The stage that they start at.
        source_rows: Rows of all source tables on these days.
    """

    window: Window
    stage: str
    source_rows: int


@dataclass(frozen=True)
class Plan:
    """What the source and the ledger say now.

    Attributes:
        days: One entry per job_day that either knows, oldest first.
        past: The ledger of all days.
        installed: Versions that stand in the warehouse, by part.
        source: The source, as far as it was looked at.
    """

    days: list[DayPlan]
    past: list[LedgerRow]
    installed: Mapping[str, str]
    source: Source


def read_plan(
    databases: Databases,
    window: Window | None = None,
    source: Mapping[date, str] | None = None,
    recent: Window | None = None,
    known: Source | None = None,
) -> Plan:
    """Compare the source with the ledger now.

    Args:
        databases: Source and warehouse.
        window: Only these job_days; None for all. The ledger is that of all days.
        source: Fingerprints of these days, if they were just taken.
        recent: Ask the source for these days only, and take all others to be as they were copied.
        known: The source of the same window as an earlier plan found it; by default as
            `note_source` noted it. Where nothing has changed since, nothing is read.
    """
    if source is None:
        asked = recent or window
        found = read_source(databases.runner, asked, known or _noted(databases.warehouse, asked))
    else:
        found = Source(None, source)
    with connect(databases.warehouse, application="plan", read_only=True) as connection:
        # Locks first: a run that ends in between is seen as done, never as dead.
        locked = connection.execute(read_sql("backfill/locked_days.sql")).fetchall()
        rows = ledger.read(connection)
        installed = installed_versions(connection)
        waiting = semantic_days_waiting(connection)
        archived = _archived_days(connection)
    days = found.days
    if recent is not None:
        others = {day: made for day, made in _copied(rows).items() if day not in recent}
        days = {**others, **days}
    wanted = [row for row in rows if window is None or row.job_day in window]
    versions = {stage.name: installed.get(stage.name) for stage in STAGES}
    planned = plan_days(days, wanted, versions, {day for (day,) in locked}, waiting)
    return Plan(with_receipts(planned, archived), rows, installed, found)


def _copied(rows: Sequence[LedgerRow], window: Window = ALL_DAYS) -> dict[date, str]:
    """Return the fingerprints of days as they were copied."""
    return {
        row.job_day: row.source_fingerprint
        for row in rows
        if row.stage == EXTRACT and row.source_fingerprint and row.job_day in window
    }


def note_source(databases: Databases, plan: Plan, window: Window | None = None) -> None:
    """Remember a source that is copied as it is, so that the next plan need not read it.

    Args:
        databases: Source and warehouse.
        plan: As just read, of all days of the window.
        window: These job_days; None for all.
    """
    days = _copied(plan.past, window or ALL_DAYS)
    if plan.source.state is None or days != plan.source.days:
        return
    with connect(databases.warehouse, application="plan") as connection:
        connection.execute(
            read_sql("backfill/note_source.sql"),
            {**vars(window or ALL_DAYS), "state": plan.source.state, "days_hash": _hash(days)},
        )


def _noted(warehouse: str, window: Window | None) -> Source | None:
    """Return the source of a window as it was noted, if what was copied of it is still there."""
    asked = window or ALL_DAYS
    with connect(warehouse, application="plan", read_only=True) as connection:
        if not _exists(connection, "ops.source_state"):
            return None
        row = connection.execute(read_sql("backfill/noted_source.sql"), vars(asked)).fetchone()
        if row is None:
            return None
        state, start, end, days_hash = row
        rows = ledger.read(connection)
    if _hash(_copied(rows, Window(start, end))) != days_hash:
        return None
    return Source(state, _copied(rows, asked))


def _hash(days: Mapping[date, str]) -> str:
    return sha256(repr(sorted(days.items())).encode()).hexdigest()


def _exists(connection: psycopg.Connection[Any], table: str) -> bool:
    # The warehouse of an earlier release lacks tables; nothing works there before the setup.
    (found,) = only_row(connection.execute("select to_regclass(%s)", (table,)))
    return found is not None


def _archived_days(connection: psycopg.Connection[Any]) -> set[date]:
    if not _exists(connection, "ops.archived_days"):
        return set()
    return {day for (day,) in connection.execute("select job_day from ops.archived_days")}


def semantic_days_waiting(connection: psycopg.Connection[Any]) -> set[date]:
    """Return the days that ask for the semantic measure and lack what this machine can measure."""
    asked = {"method_version": semantic_version()}
    found = connection.execute(read_sql("backfill/semantic_waiting.sql"), asked).fetchall()
    return {day for (day,) in found}


def current_plan(databases: Databases, window: Window | None = None) -> list[DayPlan]:
    """Compare the source with the ledger now: one entry per job_day that either knows."""
    return read_plan(databases, window).days


def plan_days(
    source: Mapping[date, str],
    rows: Sequence[LedgerRow],
    versions: Mapping[str, str | None],
    locked_days: Collection[date],
    semantic_days: Collection[date] = (),
) -> list[DayPlan]:
    """Compare the source with the ledger.

    Args:
        source: Fingerprint of each job_day that has rows in the source.
        rows: The ledger.
        versions: Version of each stage that is installed, in the order of the stages.
        locked_days: Days that a living run holds; a run that was killed holds none.
        semantic_days: Days that wait for the semantic measure.

    Returns:
        One entry per day that the source or the ledger knows, oldest first.
    """
    by_key = {(row.job_day, row.stage): row for row in rows}
    with_semantic = {**versions, SCORE: f"{versions.get(SCORE)} and semantic"}
    days = sorted(set(source) | {row.job_day for row in rows})
    return [
        _plan_day(
            day,
            source.get(day),
            {stage: by_key.get((day, stage)) for stage in versions},
            with_semantic if day in semantic_days else versions,
            locked_days,
        )
        for day in days
    ]


def _plan_day(
    day: date,
    fingerprint: str | None,
    rows: Mapping[str, LedgerRow | None],
    versions: Mapping[str, str | None],
    locked_days: Collection[date],
) -> DayPlan:
    copied = rows[EXTRACT]
    changed = copied is not None and copied.source_fingerprint != fingerprint
    upstream: LedgerRow | None = None
    for stage, row in rows.items():
        state, reason = _state(row, versions[stage])
        if state is State.CURRENT:
            reasons = [
                *([_what_changed(copied, fingerprint)] if stage == EXTRACT and changed else []),
                *(["what it was made of was done again"] if _is_outdated(row, upstream) else []),
            ]
            state, reason = (State.STALE if reasons else state), "; ".join(reasons)
        if state is not State.CURRENT:
            if day in locked_days:
                state, reason = State.RUNNING, "a run works on it"
            return DayPlan(day, state, stage, reason, fingerprint, changed)
        upstream = row
    return DayPlan(day, State.CURRENT, None, "", fingerprint, source_changed=False)


def with_receipts(days: Sequence[DayPlan], archived_days: Collection[date]) -> list[DayPlan]:
    """Let what archived days wait for begin with the extract, which brings their receipts back."""
    return [
        replace(day, stage=EXTRACT, reason=f"{day.reason}; its receipts are archived")
        if day.state in TO_DO and day.job_day in archived_days
        else day
        for day in days
    ]


def _state(row: LedgerRow | None, version: str | None) -> tuple[State, str]:
    if row is None:
        return State.MISSING, "never done"
    if row.status == "running":
        # Unless its lock is held (see _plan_day): the run is dead.
        return State.STALE, f"run {row.run_id} ended before it was done"
    if row.status in ("failed", "quarantined"):
        return State(row.status), row.error or "no reason recorded"
    if row.method_version != version:
        return State.STALE, f"rules {row.method_version}, now {version}"
    return State.CURRENT, ""


def _what_changed(copied: LedgerRow | None, fingerprint: str | None) -> str:
    known = copied.source_fingerprint if copied else None
    if rows_of(known) and not rows_of(fingerprint):
        return "the source has none of its rows any more"
    if fingerprint and identity_in(known) not in (None, identity_in(fingerprint)):
        return "the source is another database than the one that was read"
    return "the source rows changed"


def _is_outdated(row: LedgerRow | None, upstream: LedgerRow | None) -> bool:
    """Tell whether a stage was built from other rows than the stage before it holds now."""
    if row is None or upstream is None:
        return False
    return upstream.build_id is None or row.built_from != upstream.build_id


def days_in(days: Sequence[DayPlan], states: Collection[State]) -> set[date]:
    """Return the job_days that are in one of some states."""
    return {day.job_day for day in days if day.state in states}


def shared_chunk_days(days: int, workers: int) -> int:
    """Return the most job_days per chunk with which some workers have two chunks each, or more."""
    return CHUNK_DAYS if workers == 1 else max(1, min(CHUNK_DAYS, ceil(days / (2 * workers))))


def chunks(days: Sequence[DayPlan], wanted: Collection[date], chunk_days: int) -> Iterator[Chunk]:
    """Cut the wanted days into runs.

    Args:
        days: The whole plan, oldest first.
        wanted: The days to work on; none of them is current.
        chunk_days: Most days that one run may span.

    Yields:
        Chunks that never touch an unwanted day of the plan; days that neither the source nor the
        ledger knows may lie inside a chunk.
    """
    open_chunk: Chunk | None = None
    for day in days:
        if day.job_day not in wanted or day.stage is None:
            if open_chunk:
                yield open_chunk
            open_chunk = None
            continue
        rows, end = rows_of(day.fingerprint), day.job_day + timedelta(days=1)
        if open_chunk and _fits(open_chunk, day, chunk_days):
            open_chunk = Chunk(
                Window(open_chunk.window.start, end), day.stage, open_chunk.source_rows + rows
            )
            continue
        if open_chunk:
            yield open_chunk
        open_chunk = Chunk(Window(day.job_day, end), day.stage, rows)
    if open_chunk:
        yield open_chunk


def _fits(chunk: Chunk, day: DayPlan, chunk_days: int) -> bool:
    return day.stage == chunk.stage and (day.job_day - chunk.window.start).days < chunk_days


def estimated_seconds(chunk: Chunk, plan: Plan) -> float | None:
    """Estimate a chunk's wall-clock time: the median of past runs of like size, else of all.

    A smaller run counts in proportion. None when no past run did all stages that are ahead.
    """
    ahead = [stage.name for stage in stages_from(chunk.stage)]
    past = [
        (source_rows, sum(seconds[stage] for stage in ahead))
        for source_rows, seconds in _past_runs(plan.past)
        if set(ahead) <= set(seconds)
    ]
    like = [one for one in past if 1 / LIKE_SIZE <= one[0] / max(1, chunk.source_rows) <= LIKE_SIZE]
    times = [seconds * max(1, chunk.source_rows / max(1, rows)) for rows, seconds in like or past]
    return median(times) if times else None


def _past_runs(rows: Sequence[LedgerRow]) -> Iterator[tuple[int, Mapping[str, float]]]:
    """Yield source rows and seconds per stage of each run, as far as the ledger knows them."""
    sizes = {row.job_day: rows_of(row.source_fingerprint) for row in rows if row.stage == EXTRACT}
    seconds: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    days: dict[str, set[date]] = defaultdict(set)
    for row in rows:
        if row.status == "done" and row.seconds is not None and row.run_id is not None:
            seconds[row.run_id][row.stage] += row.seconds
            days[row.run_id].add(row.job_day)
    for run, per_stage in seconds.items():
        yield sum(sizes.get(day, 0) for day in days[run]), per_stage
