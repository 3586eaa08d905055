"""Decides which job_days need which stages. Pure: everything it needs is passed in."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

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


@dataclass(frozen=True)
class DayPlan:
    """State of one job_day.

    Attributes:
        job_day: The day.
        state: Its state.
        stage: First stage that is not current; None when all are.
        reason: Why, for a person; empty when current.
        source_changed: Whether the source differs from what the ledger's first stage saw.
    """

    job_day: date
    state: State
    stage: str | None
    reason: str
    source_changed: bool = False


@dataclass(frozen=True)
class Chunk:
    """Work for one run: contiguous job_days that start at the same stage."""

    window: Window
    stage: str


def plan_days(
    source: Mapping[date, str],
    rows: Sequence[LedgerRow],
    versions: Mapping[str, str],
    dead_runs: Collection[str],
) -> list[DayPlan]:
    """Compare the source with the ledger.

    Args:
        source: Fingerprint of each job_day that has rows in the source.
        rows: The ledger.
        versions: Method version of each stage, in the order of the stages.
        dead_runs: Ids of the runs that the ledger calls running and that have ended.

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
            dead_runs,
        )
        for day in days
    ]


def _plan_day(
    day: date,
    fingerprint: str | None,
    rows: Mapping[str, LedgerRow | None],
    versions: Mapping[str, str],
    dead_runs: Collection[str],
) -> DayPlan:
    for stage, row in rows.items():
        state, reason = _state(row, fingerprint, versions[stage], dead_runs)
        if state is not State.CURRENT:
            changed = row is not None and row.source_fingerprint != fingerprint
            return DayPlan(day, state, stage, reason, changed)
    return DayPlan(day, State.CURRENT, None, "")


def _state(
    row: LedgerRow | None, fingerprint: str | None, version: str, dead_runs: Collection[str]
) -> tuple[State, str]:
    if row is None:
        return State.MISSING, "never done"
    if row.status == "running":
        if row.run_id in dead_runs:
            return State.STALE, f"run {row.run_id} ended before it was done"
        return State.RUNNING, f"run {row.run_id} works on it"
    if row.status in ("failed", "quarantined"):
        return State(row.status), row.error or "no reason recorded"
    if row.source_fingerprint != fingerprint:
        return State.STALE, "the source rows changed"
    if row.method_version != version:
        return State.STALE, f"made by method {row.method_version}, now {version}"
    return State.CURRENT, ""


def chunks(
    days: Sequence[DayPlan], wanted: Collection[State], chunk_days: int
) -> Iterator[Chunk]:
    """Cut the wanted days into runs.

    Args:
        days: The plan, oldest first.
        wanted: States to work on.
        chunk_days: Most days that one run may span.

    Yields:
        Chunks that never touch an unwanted day that the plan knows; days without any row in the
        source may lie inside a chunk.
    """
    start: DayPlan | None = None
    last: date | None = None
    for day in days:
        fits = (
            start is not None
            and day.state in wanted
            and day.stage == start.stage
            and (day.job_day - start.job_day).days < chunk_days
        )
        if fits:
            last = day.job_day
            continue
        if start is not None and last is not None:
            yield _chunk(start, last)
        start, last = (day, day.job_day) if day.state in wanted else (None, None)
    if start is not None and last is not None:
        yield _chunk(start, last)


def _chunk(first: DayPlan, last: date) -> Chunk:
    if first.stage is None:
        message = f"{first.job_day} is current and cannot start a chunk"
        raise ValueError(message)
    return Chunk(Window(first.job_day, last + timedelta(days=1)), first.stage)
