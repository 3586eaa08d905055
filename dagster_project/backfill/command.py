"""``beacon backfill``: progress, interruption and the closing line. The runs are in operate.py."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from types import FrameType

from dagster_project import console
from dagster_project.backfill.operate import TO_DO, current_plan, run_chunks
from dagster_project.backfill.plan import DayPlan, State, chunks, days_in
from dagster_project.backfill.stages import Databases
from dagster_project.definitions import defs
from dagster_project.instance import dagster_instance
from dagster_project.partitions import Window
from dagster_project.settings import Settings
from dagster_project.summary import print_plan

STATES = {
    None: TO_DO,
    "missing": frozenset({State.MISSING}),
    "stale": frozenset({State.STALE}),
    "failed": frozenset({State.FAILED, State.QUARANTINED}),
}


def run_backfill(
    databases: Databases, window: Window | None, only: str | None, chunk_days: int, reason: str
) -> Sequence[DayPlan]:
    """Process the days that need work and say how it ended.

    Args:
        databases: Source and warehouse.
        window: Only these job_days; None for all.
        only: ``missing``, ``stale`` or ``failed`` (which includes quarantined); None for all.
        chunk_days: Most job_days per run.
        reason: Recorded with each run.

    Returns:
        The days that are failed or quarantined now.
    """
    with dagster_instance(Settings().home) as instance:
        before = current_plan(databases, window)
        todo = list(chunks(before, days_in(before, STATES[only]), chunk_days))
        if not todo:
            console.out.print(f"Nothing to do: {len(before)} job_days looked at.")
            return _bad(before)
        total = sum(len(chunk.window.days) for chunk in todo)
        with console.progress() as bar, _stop_on_interrupt() as stopped:
            task = bar.add_task("Job days", total=total)
            job = defs.resolve_job_def("backfill")
            for done in run_chunks(todo, instance, job, reason):
                bar.advance(task, len(done.chunk.window.days))
                if stopped.is_set():
                    break
        after = current_plan(databases, window)
    print_plan(after)
    return _bad(after)


def _bad(days: Sequence[DayPlan]) -> Sequence[DayPlan]:
    return [day for day in days if day.state in STATES["failed"]]


@contextmanager
def _stop_on_interrupt() -> Iterator[Event]:
    stopped = Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        console.err.print("Stopping after the current run. Start again to resume.")
        stopped.set()

    previous = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, previous)
