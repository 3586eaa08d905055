"""Chunks as runs that the instance's daemon launches, wherever its launcher puts them.

Belongs here: submitting such runs, following and cancelling them. Does not belong here: runs in
this process (launch.py).
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Any

import dagster as dg
import psycopg

from dagster_project.backfill.chunks import ChunkDone, Order, is_held
from dagster_project.orchestrate.health import heartbeats
from dagster_project.orchestrate.instance import submit_run
from dagster_project.orchestrate.launch import ended, launch_of
from dagster_project.orchestrate.retention import ENDED
from dagster_project.postgres import connect
from dagster_project.stage import MachineError

POLL_S = 1
SILENCE_S = 20
"""A run that holds no day and says nothing for so long is lost: its process or machine is gone."""
LAUNCHES = 2
"""How often a chunk is launched whose run is lost."""
QUEUE = "QueuedRunCoordinator"
BEGUN = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


@dataclass
class Submitted:
    """A chunk's latest run.

    Attributes:
        order: The chunk, and how.
        run_id: The run.
        heard_at: When it last gave a sign of life, by this process's own clock.
        event: Its latest event by then.
        launches: How many runs the chunk has had.
    """

    order: Order
    run_id: str
    heard_at: float
    event: int | None = None
    launches: int = 1


def require_daemon(instance: dg.DagsterInstance) -> None:
    """Refuse where nothing would launch a run.

    Raises:
        MachineError: The instance has no queue, or no daemon takes runs from it.
    """
    if type(instance.run_coordinator).__name__ != QUEUE:
        raise MachineError(f"this Dagster instance has no queue of runs; it needs the {QUEUE}.")
    found = heartbeats(instance, datetime.now(UTC))
    if not any(one.is_live for one in found if one.daemon == "QUEUED_RUN_COORDINATOR"):
        raise MachineError(
            "no daemon takes runs from this Dagster instance.\nStart one: beacon ui, or "
            "dagster-daemon run --module-name dagster_project.definitions."
        )


def submit_and_follow(
    orders: Sequence[Order],
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    warehouse_url: str,
    stop: Callable[[], bool],
) -> Iterator[ChunkDone]:
    """Submit all chunks and yield each when its run has ended; a stop cancels them.

    A run that is lost is marked as failed, and its chunk launched once more.
    """
    require_daemon(instance)
    with connect(warehouse_url, application="follow", read_only=True) as connection:
        connection.autocommit = True
        yield from _Followed(instance, job, connection, deque(orders)).ends(stop)


@dataclass
class _Followed:
    """Chunks that wait to be submitted, and their runs that have not ended."""

    instance: dg.DagsterInstance
    job: dg.JobDefinition
    connection: psycopg.Connection[Any]
    waiting: deque[Order]
    running: list[Submitted] = field(default_factory=list)
    is_canceled: bool = False

    def ends(self, stop: Callable[[], bool]) -> Iterator[ChunkDone]:
        while self.running or self.waiting:
            if stop() and not self.is_canceled:
                self._cancel()
            # Dagster stores what each run plans to make, which takes seconds for many days.
            if self.waiting:
                self._submit(self.waiting.popleft())
            else:
                sleep(POLL_S)
            for one in list(self.running):
                if self._has_ended(one):
                    self.running.remove(one)
                    yield self._end(one)

    def _submit(self, order: Order, launches: int = 1) -> None:
        run_id = submit_run(self.instance, self.job, **launch_of(order))
        self.running.append(Submitted(order, run_id, monotonic(), launches=launches))

    def _cancel(self) -> None:
        self.is_canceled = True
        self.waiting.clear()
        for one in self.running:
            self.instance.run_coordinator.cancel_run(one.run_id)

    def _has_ended(self, one: Submitted) -> bool:
        run = self.instance.get_run_by_id(one.run_id)
        if run is None or run.status in ENDED:
            return True
        if run.status not in BEGUN or not _is_lost(self.instance, one, self.connection):
            return False
        self.instance.report_run_failed(run, "Its process or machine is gone.")
        if one.launches == LAUNCHES or self.is_canceled:
            return True
        self.running.remove(one)
        self._submit(one.order, one.launches + 1)
        return False

    def _end(self, one: Submitted) -> ChunkDone:
        done = ended(one.order.chunk, one.run_id, self.instance)
        # A run that is canceled before it has begun may count as failed.
        is_stopped = self.is_canceled and not done.success
        return replace(done, stopped=True, broken=False) if is_stopped else done


def _is_lost(
    instance: dg.DagsterInstance, submitted: Submitted, connection: psycopg.Connection[Any]
) -> bool:
    """Tell whether a run that has begun holds none of its days and says nothing any more."""
    latest = instance.get_records_for_run(submitted.run_id, limit=1, ascending=False).records
    event = latest[0].storage_id if latest else None
    if event != submitted.event or is_held(connection, submitted.order.chunk.window):
        submitted.event, submitted.heard_at = event, monotonic()
    return monotonic() - submitted.heard_at > SILENCE_S
