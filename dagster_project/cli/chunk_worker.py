"""The child process that carries out chunks: ``python -m dagster_project.cli.chunk_worker``.

A line of JSON on standard input is an `Order`, its answer a line of JSON: a `ChunkDone`. The line
`STOP` is a request to stop. The end of the input ends the process, also in the middle of a chunk:
it is the death of the parent, or the second Ctrl-C. The other end is side_by_side.py.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Thread

import dagster as dg

from dagster_project.backfill.stopping import stop_requests
from dagster_project.cli.side_by_side import ANSWERS, ORDERS, STOP
from dagster_project.definitions import definitions
from dagster_project.orchestrate.instance import dagster_instance
from dagster_project.orchestrate.launch import run_chunk
from dagster_project.settings import Settings


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[dg.DagsterInstance, dg.JobDefinition]]:
    """Open the instance; yields it and the job that processes job_days."""
    with dagster_instance(settings) as instance:
        yield instance, definitions(settings).resolve_job_def("backfill")


def main() -> None:
    """Carry out one order after another until the input ends."""
    # Standard output is for answers only.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    orders: SimpleQueue[str | None] = SimpleQueue()
    is_working, asked = Event(), Event()
    Thread(target=_listen, args=(orders, is_working, asked), daemon=True).start()
    with stop_requests(asked), opened(Settings()) as (instance, job):
        while (line := orders.get()) is not None:
            done = run_chunk(ORDERS.validate_json(line), instance, job)
            is_working.clear()
            answers.write(ANSWERS.dump_json(done) + b"\n")
            answers.flush()


def _listen(orders: "SimpleQueue[str | None]", is_working: Event, asked: Event) -> None:
    for line in sys.stdin:
        if line.strip() == STOP:
            asked.set()
        else:
            is_working.set()
            orders.put(line)
    if is_working.is_set():
        os._exit(1)
    orders.put(None)


if __name__ == "__main__":
    main()
