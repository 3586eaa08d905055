"""Chunks carried out by several child processes at once; the other end is chunk_worker.py."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Event
from typing import IO

from pydantic import TypeAdapter

from dagster_project.backfill.chunks import ChunkDone, Order, SharedChunks
from dagster_project.backfill.plan import Chunk
from dagster_project.stage import Databases, StageError

POLL_S = 0.2
STOP = "stop"
ORDERS, ANSWERS = TypeAdapter(Order), TypeAdapter(ChunkDone)

Worker = subprocess.Popen[bytes]


class WorkerError(StageError):
    """A process that carried out a chunk has ended."""


def one_by_one(
    chunks: SharedChunks, carry_out: Callable[[Chunk], ChunkDone], stop: Callable[[], bool]
) -> Iterator[ChunkDone]:
    """Yield chunks when they are done, until none is left, one is the last, or somebody stops."""
    while True:
        with chunks.take(stop) as taken:
            if taken is None:
                return
            chunk, needs_work = taken
            done = carry_out(chunk) if needs_work else ChunkDone(chunk, None, success=True)
        yield done
        if done.ends_all:
            return


def side_by_side(
    jobs: int,
    databases: Databases,
    chunks: SharedChunks,
    order: Callable[[Chunk], Order],
    stop: Callable[[], bool],
) -> Iterator[ChunkDone]:
    """Do as `one_by_one` with some processes at once.

    Raises:
        WorkerError: One of them has ended before its chunk was done.
    """
    ended: SimpleQueue[ChunkDone] = SimpleQueue()
    is_last = Event()

    def work(worker: Worker) -> None:
        try:
            for done in one_by_one(
                chunks, lambda chunk: _ask(worker, order(chunk)), lambda: is_last.is_set() or stop()
            ):
                ended.put(done)
                if done.ends_all:
                    is_last.set()
        except BaseException:
            is_last.set()
            raise

    with ThreadPoolExecutor(jobs) as threads, ExitStack() as processes:
        workers = [processes.enter_context(_worker(databases)) for _ in range(jobs)]
        working = [threads.submit(work, worker) for worker in workers]
        is_told = False
        while not ended.empty() or not all(thread.done() for thread in working):
            with suppress(Empty):
                yield ended.get(timeout=POLL_S)
            if not is_told and (is_last.is_set() or stop()):
                is_told = True
                for worker in workers:
                    _tell(worker, STOP.encode())
        for thread in working:
            thread.result()


@contextmanager
def _worker(databases: Databases) -> Iterator[Worker]:
    """Start a process of its own session: a terminal's Ctrl-C is for the command alone."""
    with subprocess.Popen(
        [sys.executable, "-m", "dagster_project.cli.chunk_worker"],
        env={
            **os.environ,
            "BEACON_RUNNER_URL": databases.runner,
            "BEACON_WAREHOUSE_URL": databases.warehouse,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as worker:
        try:
            yield worker
        finally:
            # The order to end; what waits for its answer reads the end of the output.
            with suppress(BrokenPipeError):
                _pipe(worker.stdin).close()


def _ask(worker: Worker, order: Order) -> ChunkDone:
    _tell(worker, ORDERS.dump_json(order))
    line = _pipe(worker.stdout).readline()
    if not line:
        raise WorkerError(
            f"A process ended with code {worker.wait()} before {order.chunk.window.days[0]} to "
            f"{order.chunk.window.days[-1]} were done. What is done stays done; to resume: "
            "beacon backfill"
        )
    return ANSWERS.validate_json(line)


def _tell(worker: Worker, line: bytes) -> None:
    # Whoever reads its answer sees that it has ended.
    with suppress(BrokenPipeError):
        pipe = _pipe(worker.stdin)
        pipe.write(line + b"\n")
        pipe.flush()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None, "workers are started with pipes"  # noqa: S101
    return stream
