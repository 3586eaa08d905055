"""How Dagster's local run history is written. Knows nothing about runs."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.pool import Pool


@contextmanager
def unsynced_history() -> Iterator[None]:
    """Let SQLite leave the flushing of its files to the operating system.

    Dagster opens its files anew for each event, and a backfill has one per table and day, so that
    flushing costs more than the work (docs/decisions/0008-dagster-history-is-not-flushed.md).

    Yields:
        Nothing; a history in Postgres is not touched.
    """

    def relax(connection: object, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma synchronous = off")

    event.listen(Pool, "connect", relax)
    try:
        yield
    finally:
        event.remove(Pool, "connect", relax)
