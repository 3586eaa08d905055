"""What Dagster stores of runs: cheaper than its defaults.

Dagster stores each event in transactions of its own; in SQLite it also makes an engine for each,
opens, flushes and closes files. A backfill has an event per table and day, so that this costs more
than the work (docs/decisions/0008-dagster-history-is-not-flushed.md).
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, ClassVar

import dagster as dg
from dagster._core.storage.event_log import (
    EventLogStorage,
    SqlEventLogStorageTable,
    SqliteEventLogStorage,
)
from sqlalchemy import Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import ExceptionContext


class _Kept(sqlite3.Connection):
    """A connection that waits for its next use instead of being closed."""

    waiting: "list[_Kept] | None" = None

    def close(self) -> None:
        """Put it where the next user looks for one."""
        # What a failed rollback left open is nobody's to go on with.
        if self.waiting is None or self.in_transaction:
            super().close()
        else:
            self.waiting.append(self)


class _Files:
    """SQLite's files that are open, by name."""

    def __init__(self) -> None:
        self._made: list[_Kept] = []
        self._waiting: defaultdict[str, list[_Kept]] = defaultdict(list)

    def opened(self, name: str, options: dict[str, Any]) -> sqlite3.Connection:
        idle = self._waiting[name]
        with suppress(IndexError):
            return idle.pop()
        # One thread may use it after another, never at the same time.
        shared = {**options, "check_same_thread": False}
        connection: _Kept = sqlite3.connect(name, factory=_Kept, **shared)
        connection.execute("pragma synchronous = off")
        connection.waiting = idle
        self._made.append(connection)
        return connection

    def close(self) -> None:
        for one in self._made:
            one.waiting = None
        for idle in self._waiting.values():
            for one in idle:
                one.close()


class HistoryDialect(SQLiteDialect_pysqlite):
    """SQLite whose engines share the statements that they compiled, and open files."""

    supports_statement_cache = True
    compiled: ClassVar[dict[Any, Any]] = {}
    files: ClassVar[_Files | None] = None

    def __eq__(self, other: object) -> bool:
        """Let a statement that another engine compiled be found: it is kept by its dialect."""
        return isinstance(other, HistoryDialect)

    def __hash__(self) -> int:
        """Return the same for all."""
        return hash(HistoryDialect)

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Let an engine use what others compiled."""
        engine.update_execution_options(compiled_cache=cls.compiled)

    def connect(self, *names: Any, **options: Any) -> Any:  # noqa: ANN401  as its parent says
        """Open a file, or use one that is open."""
        if self.files is None:
            return super().connect(*names, **options)
        return self.files.opened(names[0], options)


@contextmanager
def fast_history() -> Iterator[None]:
    """Keep SQLite's files open, and leave flushing them to the operating system.

    An error of SQLite is told in which file it happened.
    """
    if HistoryDialect.files is not None:
        yield
        return
    # SQLAlchemy's way to name the class for the URLs of a database.
    registry.register("sqlite", __name__, HistoryDialect.__name__)
    HistoryDialect.files = files = _Files()
    event.listen(Engine, "handle_error", _name_file)
    try:
        yield
    finally:
        event.remove(Engine, "handle_error", _name_file)
        HistoryDialect.files = None
        files.close()


def _name_file(context: ExceptionContext) -> None:
    error = context.original_exception
    if isinstance(error, sqlite3.Error) and context.engine and not hasattr(error, "__notes__"):
        error.add_note(f"(DAGSTER_HOME: {context.engine.url.database})")


@contextmanager
def stored_together(instance: dg.DagsterInstance) -> Iterator[None]:
    """Store materializations that follow each other at once: those of an asset in one go."""
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):
        store_batch: Callable[[Sequence[dg.EventLogEntry]], None] = partial(
            _store_in_sqlite, storage
        )
    elif type(storage).store_event_batch is EventLogStorage.store_event_batch:
        # It has no better way.
        yield
        return
    else:
        store_batch = storage.store_event_batch
    store_one = storage.store_event
    held: defaultdict[dg.AssetKey | None, list[dg.EventLogEntry]] = defaultdict(list)

    def store_held() -> None:
        while held:
            store_batch(held.pop(next(iter(held))))

    def hold(entry: dg.EventLogEntry) -> None:
        if entry.dagster_event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
            held[entry.get_dagster_event().asset_key].append(entry)
        else:
            store_held()
            store_one(entry)

    # Dagster batches by itself only what its own cloud stores.
    vars(storage)["store_event"] = hold
    try:
        yield
    finally:
        del vars(storage)["store_event"]
        store_held()


def _store_in_sqlite(storage: SqliteEventLogStorage, entries: Sequence[dg.EventLogEntry]) -> None:
    """Store materializations of one asset, as its `store_event` does one: for the run, for all."""
    insert = storage.prepare_insert_event_batch(entries)
    with storage.run_connection(entries[0].run_id) as connection:
        connection.execute(insert)
    with storage.index_connection() as connection:
        ids = sorted(connection.scalars(insert.returning(SqlEventLogStorageTable.c.id)))
    # An asset knows its last event only.
    storage.store_asset_event_tags(entries, ids)
    storage.store_asset_event(entries[-1], ids[-1])
