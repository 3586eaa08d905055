"""Requests to stop: Ctrl-C, SIGTERM, and Terminate in Dagster's UI, which sends SIGINT."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event, current_thread, main_thread
from types import FrameType

from dagster_project import console

STOPPING = "Stopping: the days in work are finished first. Once more to stop at once."
SIGNALS = (signal.SIGINT, signal.SIGTERM)


# A command and the run that it carries out in its process hear the same request.
_request: ContextVar[Event | None] = ContextVar("_request", default=None)


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Turn the first signal into a request that the work asks for; a second one interrupts.

    Yields:
        A function that tells whether there is a request. Outside of the main thread, where Python
        handles no signals, it never does.

    Raises:
        KeyboardInterrupt: At the second signal.
    """
    asked = _request.get() or Event()
    if current_thread() is not main_thread():
        yield asked.is_set
        return

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        # Not to Dagster's log: the signal may have come while that is being written.
        console.err.print(STOPPING)

    token = _request.set(asked)
    previous = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield asked.is_set
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        _request.reset(token)
