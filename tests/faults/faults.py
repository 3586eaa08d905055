"""Faults that happen at a known place: a session stops at a lock, and is then cut, killed, refused.

Belongs here: waiting for a place, cutting, triggers. Nothing waits for time to pass; every wait is
for a condition and has a deadline.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import sql
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

Found = TypeVar("Found")

PATIENCE_S = 300
POLL_S = 0.02
PAUSE_LOCK = (20251122, 1)
"""Key of the advisory lock at which a paused row stops."""


def until(condition: Callable[[], Found | None], patience_s: float = PATIENCE_S) -> Found:
    """Ask until the answer is true, and return it.

    Raises:
        tenacity.RetryError: It was not in time.
    """
    patient = Retrying(
        retry=retry_if_result(lambda answer: not answer),
        wait=wait_fixed(POLL_S),
        stop=stop_after_delay(patience_s),
    )
    answer = patient(condition)
    assert answer
    return answer


@contextmanager
def meanwhile(fault: Callable[[], object]) -> Iterator[None]:
    """Let a fault happen in a thread while the block runs; what it raises is raised at the end."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        happening = pool.submit(fault)
        yield
        happening.result()


@dataclass(frozen=True)
class Barrier:
    """A place at which sessions stand still until it is opened.

    Attributes:
        holder: Session whose transaction keeps them there.
        find: Returns the process ids of the sessions that stand there now.
    """

    holder: psycopg.Connection[Any]
    find: Callable[[], list[int]]

    def reached(self, *, sessions: int = 1) -> list[int]:
        """Wait until so many sessions stand there; return their process ids."""

        def there() -> list[int] | None:
            found = self.find()
            return found if len(found) >= sessions else None

        return until(there)

    def open(self) -> None:
        """Let everyone go on."""
        self.holder.close()


def locked(url: str, relation: str) -> AbstractContextManager[Barrier]:
    """Keep others from writing a table, whatever part of the project they are.

    Args:
        url: libpq URL of the owner.
        relation: ``schema.table``.

    Returns:
        The barrier, open again at the end.
    """
    return _table_lock(url, relation, "share")


def barred(url: str, relation: str) -> AbstractContextManager[Barrier]:
    """Keep others from reading and writing a table; see `locked`."""
    return _table_lock(url, relation, "access exclusive")


@contextmanager
def paused_copy(url: str) -> Iterator[Barrier]:
    """Let whoever copies the row of `pause_reads_at` or `pause_writes_at` stand still there.

    Args:
        url: libpq URL of the owner of the database with that row.

    Yields:
        The barrier, open again at the end; only a session whose COPY has begun counts, or one
        that writes what it has copied beside the table.
    """
    with closing(psycopg.connect(url)) as holder:
        holder.execute("select pg_advisory_xact_lock(%s, %s)", PAUSE_LOCK)
        place = (
            "locks.locktype = 'advisory' and locks.classid = %s and locks.objid = %s"
            " and (locks.pid in (select copies.pid from pg_stat_progress_copy as copies)"
            " or sessions.query like '%%ops.replace_rows%%')"
        )
        yield Barrier(holder, lambda: _waiting(url, place, *PAUSE_LOCK))


def pause_writes_at(url: str, relation: str, row: int) -> None:
    """Make whoever writes a row wait for the pause lock first.

    Args:
        url: libpq URL of the warehouse's owner.
        relation: ``schema.table`` with a column id.
        row: Its id.
    """
    _on_insert(
        url,
        relation,
        f"if new.id = {row} then perform pg_advisory_xact_lock_shared{PAUSE_LOCK}; end if;",
    )


def pause_reads_at(url: str, table: str, row: int, reader: str) -> None:
    """Make the extract wait for the pause lock when it reads a row: the table becomes a view.

    Args:
        url: libpq URL of the source's owner.
        table: Table with a column id.
        row: Its id.
        reader: The role that reads.
    """
    with psycopg.connect(url) as connection:
        # Fingerprints read the row too; only the COPY shall stop at it.
        connection.execute(
            "create function public.pause(row_id integer) returns boolean language plpgsql as $$"
            " begin"
            f" if row_id = {row} and current_setting('application_name') = 'beacon:extract' then"
            f" perform pg_advisory_xact_lock_shared{PAUSE_LOCK};"
            " end if; return true; end $$"
        )
        names = sql.Identifier(table), sql.Identifier(f"stored_{table}")
        connection.execute(sql.SQL("alter table {} rename to {}").format(*names))
        connection.execute(
            sql.SQL("create view {} as select * from {} where public.pause(id)").format(*names)
        )
        connection.execute(
            sql.SQL("grant select on {} to {}").format(names[0], sql.Identifier(reader))
        )


def refuse_writes(url: str, relation: str, day: date, body: str) -> None:
    """Let something happen to whoever writes a row of a job_day.

    Args:
        url: libpq URL of the warehouse's owner.
        relation: ``schema.table``.
        day: The job_day.
        body: plpgsql statements.
    """
    _on_insert(url, relation, f"if new.job_day = '{day}' then {body} end if;")


def delete_day(url: str, relation: str, day: date) -> None:
    """Delete the rows of a job_day: those that stay the same would not be written again.

    Args:
        url: libpq URL of the warehouse's owner.
        relation: ``schema.table``.
        day: The job_day.
    """
    with psycopg.connect(url) as connection:
        connection.execute(
            sql.SQL("delete from {} where job_day = %s").format(
                sql.Identifier(*relation.split("."))
            ),
            (day,),
        )


def fill_disk_at(url: str, relation: str, file: Path) -> None:
    """Let the server fill the disk of a file at the moment at which a row is written.

    Args:
        url: libpq URL of the warehouse's owner, a superuser.
        relation: ``schema.table``.
        file: Takes all room; it may not exist yet. Delete it to give the room back.
    """
    _on_insert(
        url,
        relation,
        f"if (pg_stat_file('{file}', true)).size is null then begin"
        " copy (select repeat('x', 1000000) from generate_series(1, 1000))"
        f" to '{file}';"
        " exception when disk_full then null; end; end if;",
    )


def allow_writes(url: str, relation: str) -> None:
    """Take back `refuse_writes`, `pause_writes_at` or `fill_disk_at`."""
    with psycopg.connect(url) as connection:
        connection.execute(
            sql.SQL("drop trigger if exists fault on {}").format(
                sql.Identifier(*relation.split("."))
            )
        )


def cut(url: str, sessions: Sequence[int]) -> None:
    """End sessions from the server's side.

    Args:
        url: libpq URL of the owner.
        sessions: Their process ids; they are gone when this returns.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, %s) from unnest(%s::integer[]) as pid",
            (1000 * PATIENCE_S, list(sessions)),
        )


def _on_insert(url: str, relation: str, body: str) -> None:
    function = sql.Identifier("public", f"fault_{relation.replace('.', '_')}")
    with psycopg.connect(url) as connection:
        connection.execute(
            sql.SQL(
                "create or replace function {}() returns trigger language plpgsql as {}"
            ).format(function, sql.Literal(f"begin {body} return new; end"))
        )
        connection.execute(
            sql.SQL(
                "create trigger fault before insert on {} for each row execute function {}()"
            ).format(sql.Identifier(*relation.split(".")), function)
        )


@contextmanager
def _table_lock(url: str, relation: str, mode: LiteralString) -> Iterator[Barrier]:
    with closing(psycopg.connect(url)) as holder:
        name = sql.Identifier(*relation.split("."))
        holder.execute(sql.SQL("lock table {} in {} mode").format(name, sql.SQL(mode)))
        yield Barrier(holder, lambda: _waiting(url, "locks.relation = %s::regclass", relation))


def _waiting(url: str, place: str, *parameters: object) -> list[int]:
    with psycopg.connect(url) as observer:
        found = observer.execute(
            "select locks.pid from pg_locks as locks"
            " inner join pg_stat_activity as sessions on locks.pid = sessions.pid"
            " where not locks.granted and sessions.datname = current_database() and "
            f"{place}".encode(),
            parameters,
        ).fetchall()
    return [pid for (pid,) in found]
