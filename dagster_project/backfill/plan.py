"""Decides which job_days need which stages. Pure: everything it needs is passed in."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from dagster_project.backfill.fingerprints import rows_of
from dagster_project.backfill.ledger import LedgerRow
from dagster_project.partitions import Window


class State(StrEnum):
    """What a job_day needs."""

    MISSING = "missing"
    STALE = "stale"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    RUNNING = "running"
    CURRENT = "current"


BAD = frozenset({State.FAILED, State.QUARANTINED})


@dataclass(frozen=True)
class DayPlan:
    """State of one job_day.

    Attributes:
        job_day: The day.
        state: Its state.
        stage: First stage that is not current; None when all are.
        reason: Why, for a person; empty when current.
        fingerprint: The source's fingerprint of that day; None when it has no row there.
        source_changed: Whether the source differs from what that stage saw.
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


def plan_days(
    source: Mapping[date, str],
    rows: Sequence[LedgerRow],
    versions: Mapping[str, str],
    locked_days: Collection[date],
) -> list[DayPlan]:
    """Compare the source with the ledger.

    Args:
        source: Fingerprint of each job_day that has rows in the source.
        rows: The ledger.
        versions: Method version of each stage, in the order of the stages.
        locked_days: Days that a living run holds; a run that was killed holds none.

    Returns:
        One entry per day that the source or the ledger knows, oldest first.
    """
    by_key = {(row.job_day, row.stage): row for row in rows}
    days = sorted(set(source) | {row.job_day for row in rows})
    return [
        _plan_day(
            day,
            source.get(day),
            {stage: by_key.get((day, stage)) for stage in versions},
            versions,
            locked_days,
        )
        for day in days
    ]


def _plan_day(
    day: date,
    fingerprint: str | None,
    rows: Mapping[str, LedgerRow | None],
    versions: Mapping[str, str],
    locked_days: Collection[date],
) -> DayPlan:
    for stage, row in rows.items():
        state, reason = _state(row, fingerprint, versions[stage])
        if state is not State.CURRENT:
            changed = row is not None and row.source_fingerprint != fingerprint
            if day in locked_days:
                state, reason = State.RUNNING, "a run works on it"
            return DayPlan(day, state, stage, reason, fingerprint, changed)
    return DayPlan(day, State.CURRENT, None, "", fingerprint, source_changed=False)


def _state(row: LedgerRow | None, fingerprint: str | None, version: str) -> tuple[State, str]:
    if row is None:
        return State.MISSING, "never done"
    if row.status == "running":
        # Unless its lock is held (see _plan_day): the run is dead.
        return State.STALE, f"run {row.run_id} ended before it was done"
    if row.status in ("failed", "quarantined"):
        return State(row.status), row.error or "no reason recorded"
    changes = [
        *(["the source rows changed"] if row.source_fingerprint != fingerprint else []),
        *([f"rules {row.method_version}, now {version}"] if row.method_version != version else []),
    ]
    return (State.STALE if changes else State.CURRENT), "; ".join(changes)


def days_in(days: Sequence[DayPlan], states: Collection[State]) -> set[date]:
    """Return the job_days that are in one of some states.

    Args:
        days: The plan.
        states: The states.

    Returns:
        The days.
    """
    return {day.job_day for day in days if day.state in states}


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
