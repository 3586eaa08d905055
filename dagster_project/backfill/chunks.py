"""Chunks in work, on this machine and on others: who takes which, and what came of it.

A claim is a try-lock on the days of a chunk, held while its run is launched and in work: nobody
waits for a chunk that is taken while another one is left. Does not belong here: what a run is, or
the locks that keep the rows of a day safe, whoever launched its run (runs.py).
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import sleep
from typing import Any

import psycopg

from dagster_project.backfill.plan import TO_DO, Chunk, days_in, read_plan
from dagster_project.partitions import Window
from dagster_project.postgres import connect, lock_table, only_row, read_sql
from dagster_project.stage import Databases

POLL_S = 0.5


@dataclass(frozen=True)
class Order:
    """A chunk to carry out, and how.

    Attributes:
        chunk: The chunk.
        reason: Why, recorded as a tag of its run and in the ledger.
        only_needed: Whether days are left out that are current when the run gets to them.
        accept_deletions: Whether days that the source has lost are emptied.
    """

    chunk: Chunk
    reason: str
    only_needed: bool = True
    accept_deletions: bool = False


@dataclass(frozen=True)
class ChunkDone:
    """A chunk whose run has ended.

    Attributes:
        chunk: The chunk.
        run_id: Its run; None when there was none, because others had done all of its days.
        success: Whether every day is done.
        stopped: Whether it was asked to stop and left days untouched.
        broken: Whether it failed for another reason than its days.
        machine_fault: What the machine or a server lacks; None when the run did not stop at that.
    """

    chunk: Chunk
    run_id: str | None
    success: bool
    stopped: bool = False
    broken: bool = False
    machine_fault: str | None = None

    @property
    def ends_all(self) -> bool:
        """Whether no other chunk is to be begun."""
        return self.stopped or self.broken or self.machine_fault is not None


class SharedChunks:
    """The chunks of a plan that are left; several threads may take them."""

    def __init__(
        self,
        databases: Databases,
        chunks: Sequence[Chunk],
        planned_after: datetime | None,
        *,
        only_needed: bool,
    ) -> None:
        """Begin with all chunks.

        Args:
            databases: Source and warehouse.
            chunks: In the order in which they are worth taking.
            planned_after: When the last work began that the plan knows; None when it knows none.
            only_needed: Whether a chunk is let go once others have done all of its days.
        """
        self._databases = databases
        self._left = deque(chunks)
        self._planned_after = planned_after
        self._only_needed = only_needed
        self._changing = Lock()

    @contextmanager
    def take(self, stop: Callable[[], bool]) -> Iterator[tuple[Chunk, bool] | None]:
        """Take the next chunk of which nobody else has a day; one that is taken comes at the end.

        Args:
            stop: Tells whether somebody asked to stop.

        Yields:
            The chunk, ours until the block ends, and whether it still needs work. None when none is
            left or somebody asked to stop.
        """
        with connect(self._databases.warehouse, application="claims") as connection:
            connection.autocommit = True
            chunk = self._claimed(connection, stop)
            yield None if chunk is None else (chunk, self._needs_work(connection, chunk))

    def _claimed(
        self, connection: psycopg.Connection[Any], stop: Callable[[], bool]
    ) -> Chunk | None:
        tried = 0
        while not stop():
            with self._changing:
                if not self._left:
                    return None
                chunk, left = self._left.popleft(), len(self._left)
            if is_claimed(connection, chunk.window):
                return chunk
            with self._changing:
                self._left.append(chunk)
            tried += 1
            if tried > left:
                tried = 0
                sleep(POLL_S)
        return None

    def _needs_work(self, connection: psycopg.Connection[Any], chunk: Chunk) -> bool:
        if not self._only_needed:
            return True
        (is_begun,) = only_row(
            connection.execute(
                "select exists (select from ops.partition_ledger where job_day >= %(start)s"
                " and job_day < %(end)s"
                " and started_at > coalesce(%(after)s::timestamptz, '-infinity'))",
                {**vars(chunk.window), "after": self._planned_after},
            )
        )
        return not is_begun or bool(days_in(read_plan(self._databases, chunk.window).days, TO_DO))


def is_claimed(connection: psycopg.Connection[Any], window: Window) -> bool:
    """Claim a window for as long as the session lives; False, and no claim, where others work."""
    # One claims at a time: of two that overlap, one gets all of its days, never each of them some.
    with connection.transaction():
        lock_table(connection, "claims")
        (is_ours,) = only_row(connection.execute(read_sql("backfill/claim_days.sql"), vars(window)))
        if is_ours and not is_held(connection, window):
            return True
        connection.execute("select pg_advisory_unlock_all()")
        return False


def is_held(connection: psycopg.Connection[Any], window: Window) -> bool:
    """Tell whether a living run works on a day of a window."""
    locked = connection.execute(read_sql("backfill/locked_days.sql")).fetchall()
    return any(day in window for (day,) in locked)
