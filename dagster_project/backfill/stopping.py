"""Requests to stop: Ctrl-C, SIGTERM, and Terminate in Dagster's UI, which sends SIGINT."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event, current_thread, main_thread
from types import FrameType

from dagster_project import console

STOPPING = "Stopping: the stage in work is finished first. Once more to stop at once."
SIGNALS = (signal.SIGINT, signal.SIGTERM)


# A command and the run that it carries out in its process hear the same request.
_request: ContextVar[Event | None] = ContextVar("_request", default=None)


def stop_request() -> Event:
    """Return the request of the command that this is part of, else a new one."""
    return _request.get() or Event()


@contextmanager
def stop_requests(asked: Event | None = None) -> Iterator[Callable[[], bool]]:
    """Turn the first signal into a request that the work asks for; a second one interrupts.

    Args:
        asked: Set by the first signal; `stop_request` unless given.

    Yields:
        A function that tells whether there is a request. Outside of the main thread, where Python
        handles no signals, it never does.

    Raises:
        KeyboardInterrupt: At the second signal.
    """
    request = asked or stop_request()
    if current_thread() is not main_thread():
        yield request.is_set
        return

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if request.is_set():
            raise KeyboardInterrupt
        request.set()
        # Not to Dagster's log: the signal may have come while that is being written.
        console.err.print(STOPPING)

    token = _request.set(request)
    previous = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield request.is_set
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        _request.reset(token)
