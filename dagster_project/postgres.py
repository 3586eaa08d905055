"""Connections to the two databases: sessions, locks, streams in and out.

Belongs here: everything that is true of any query. Does not belong here: any SQL about the domain.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import Row, TupleRow

from dagster_project.paths import PACKAGE_DIR, SQL_DIR

CONNECT_TIMEOUT_S = 10
LOCK_TIMEOUT = "30s"
STATEMENT_TIMEOUT = "30min"

_SESSION = {
    "lock_timeout": LOCK_TIMEOUT,
    "statement_timeout": STATEMENT_TIMEOUT,
    "idle_in_transaction_session_timeout": STATEMENT_TIMEOUT,
    # Compiling costs more than it saves: the plans are index scans over a day.
    "jit": "off",
    # Tables of the same months are joined month by month: what one of them leaves out, all do.
    "enable_partitionwise_join": "on",
    # Cursors are read to their end: a plan for the first rows would walk through all months.
    "cursor_tuple_fraction": "1",
    # Lookups of one job start no workers; see deliver/login.sql.
    "parallel_setup_cost": "100000",
}
# What a span's rows need to be sorted and joined without files, whatever the server is set to.
_WAREHOUSE = {**_SESSION, "work_mem": "256MB"}

# Rows get their day, and values travel as text between servers, whatever anyone is set to.
FORMATS = {
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
}

# Rows that a policy hides would count as deleted: with this the server refuses to leave them out.
_WHOLE = {"row_security": "off"}
_REFUSED_BY_POLICY = "check_enable_rls"
"""The server's own name of the place that refuses; its words may be in any language."""


class TransactionPoolerError(psycopg.OperationalError):
    """Sessions are needed, and a pooler gives each transaction another one."""

    sqlstate = "08P01"

    def __init__(self, reason: str) -> None:
        """Say what was found and what to do."""
        super().__init__(
            f"a pooler shares this database's sessions between transactions ({reason}), and the "
            "pipeline's locks need sessions of their own: name the database's direct address, "
            "or a pooler in session mode that ignores no startup parameter"
        )


def session_options(*, read_only: bool) -> str:
    """Return libpq ``options`` that every session of the project starts with.

    Args:
        read_only: Whether the server must refuse writes in this session.

    Returns:
        A string of ``-c name=value`` flags.
    """
    values = {**_WAREHOUSE, "default_transaction_read_only": "on" if read_only else "off"}
    return " ".join(f"-c {name}={value}" for name, value in values.items())


def read_only_line(url: str) -> str:
    """Return the libpq line of a URL with which the server refuses writes of whoever connects."""
    options = f"{conninfo_to_dict(url).get('options') or ''} -c default_transaction_read_only=on"
    return make_conninfo(url, options=options.strip())


@contextmanager
def connect(
    url: str, *, application: str, read_only: bool = False
) -> Iterator[psycopg.Connection[TupleRow]]:
    """Open a session that is closed at the end; commits on success, rolls back on error.

    Args:
        url: libpq URL.
        application: Which part of the project asks; shown as ``beacon:<application>`` in
            pg_stat_activity.
        read_only: Whether the server must refuse writes.

    Yields:
        The connection, in UTC, with lock and statement time-outs.

    Raises:
        TransactionPoolerError: There are no sessions to be had at this address.
    """
    # Options of the URL (a search_path, a provider's endpoint) stay; the project's come after.
    options = f"{_given_options(url)} {session_options(read_only=read_only)}".strip()
    try:
        session = _open(url, application, options=options)
    except psycopg.OperationalError as error:
        if "unsupported startup parameter" in str(error):
            raise TransactionPoolerError("it takes no startup options") from None
        raise
    with session as connection:
        # Not by options: libpq lets PGTZ and PGDATESTYLE of the environment win over them.
        connection.autocommit = True
        (pid, timeout, *_) = only_row(connection.execute(set_all(FORMATS, is_local=False)))
        if pid != connection.info.backend_pid:
            if timeout != LOCK_TIMEOUT:
                raise TransactionPoolerError("it drops startup options")
            if _shares_sessions(connection, url):
                raise TransactionPoolerError("another connection was given the same session")
        connection.autocommit = False
        with _naming_server(connection):
            yield connection


@contextmanager
def connect_source(
    url: str, *, application: str, read_only: bool = True
) -> Iterator[psycopg.Connection[TupleRow]]:
    """Open a connection that needs no session: the runner's database may be behind a pooler.

    Yields:
        The connection, autocommit; all that it is to read or write belongs in
        `source_transaction`, which alone can make it read-only.
    """
    with _open(url, application, is_stateless=True) as connection:
        connection.read_only = read_only
        with _naming_server(connection):
            yield connection


@contextmanager
def _naming_server(connection: psycopg.Connection[TupleRow]) -> Iterator[None]:
    """Note on an error where it happened; the server's own words do not say it."""
    place = place_of(connection)
    try:
        yield
    except psycopg.Error as error:
        if not hasattr(error, "__notes__"):
            error.add_note(place)
            if error.diag.source_function == _REFUSED_BY_POLICY:
                error.add_note(
                    "Rows that a policy hides would count as deleted. As a superuser: "
                    f"alter role {connection.info.user} bypassrls"
                )
        raise


@contextmanager
def source_transaction(connection: psycopg.Connection[TupleRow]) -> Iterator[None]:
    """Hold one transaction of `connect_source`: in UTC, with time-outs, of all rows or none."""
    with connection.transaction():
        connection.execute(set_all({**_SESSION, **FORMATS, **_WHOLE}, is_local=True))
        yield


def place_of(connection: psycopg.Connection[TupleRow]) -> str:
    """Return how a message names the database that an open connection leads to."""
    info = connection.info
    return f"(database {info.dbname} at {info.host}:{info.port})"


def is_pooled(connection: psycopg.Connection[TupleRow]) -> bool:
    """Tell whether something between us and the server gave the connection its own number."""
    return only_row(connection.execute("select pg_backend_pid()")) != (connection.info.backend_pid,)


def _open(
    url: str, application: str, *, options: str | None = None, is_stateless: bool = False
) -> psycopg.Connection[TupleRow]:
    # What is prepared in one transaction would be looked for in the next one's session.
    return psycopg.connect(
        url,
        application_name=f"beacon:{application}",
        connect_timeout=CONNECT_TIMEOUT_S,
        client_encoding="utf8",
        autocommit=is_stateless,
        prepare_threshold=None if is_stateless else 5,
        options=_given_options(url) if options is None else options,
    )


def set_all(values: Mapping[str, str], *, is_local: bool) -> sql.Composed:
    """Return one statement that sets all; before, the server's process and its lock time-out."""
    calls = [
        sql.SQL("set_config({}, {}, {})").format(name, value, is_local)
        for name, value in values.items()
    ]
    return sql.SQL("select pg_backend_pid(), current_setting('lock_timeout'), {}").format(
        sql.SQL(", ").join(calls)
    )


def _shares_sessions(connection: psycopg.Connection[TupleRow], url: str) -> bool:
    """Tell whether a second connection reaches the server's session of an idle first one."""
    mine = only_row(connection.execute("select pg_backend_pid()"))
    with _open(url, "pooler") as other:
        return only_row(other.execute("select pg_backend_pid()")) == mine


def _given_options(url: str) -> str:
    """Return the ``options`` of a URL or of the service of PGSERVICE.

    Never those of PGOPTIONS, which is set for somebody's psql and would change what is read; given
    to libpq, even an empty text stands before it.
    """
    values = {default.keyword: default.val for default in pq.Conninfo.get_defaults()}
    of_service = (values[b"options"] or b"").decode()
    if of_service == os.environ.get("PGOPTIONS"):
        of_service = ""
    return str(conninfo_to_dict(url).get("options") or of_service)


def same_database(one: str, other: str) -> bool:
    """Tell whether two libpq URLs lead to one database, under whatever names."""
    found = []
    for url in (one, other):
        with (
            connect_source(url, application="identity") as connection,
            source_transaction(connection),
        ):
            found.append(
                only_row(
                    connection.execute(
                        "select pg_postmaster_start_time(), oid from pg_database"
                        " where datname = current_database()"
                    )
                )
            )
    return found[0] == found[1]


def read_sql(path: str | Path) -> sql.SQL:
    """Return a file as a composable template (``{name}`` placeholders).

    Args:
        path: Below the package, e.g. ``extract/window.sql`` beside its stage; or absolute.
    """
    # The text comes from this repository, never from a user.
    return sql.SQL((PACKAGE_DIR / path).read_text(encoding="utf-8"))


def only_row(cursor: psycopg.Cursor[Row]) -> Row:
    """Return the first row of a query that always has one, such as an aggregate.

    Args:
        cursor: Of an executed query.

    Returns:
        The row.

    Raises:
        LookupError: There is none: the query is wrong.
    """
    row = cursor.fetchone()
    if row is None:
        message = "a query that always returns a row returned none"
        raise LookupError(message)
    return row


def lock_table(connection: psycopg.Connection[TupleRow], table: str) -> None:
    """Hold the project's advisory lock on a table until the transaction ends.

    Args:
        connection: A session of `connect` inside a transaction.
        table: Qualified name, e.g. ``raw.executions``.
    """
    # Only runs of ours hold it, and they end: a wait for them is no reason to give a day up.
    connection.execute("set local lock_timeout = 0")
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (table,))
    connection.execute(sql.SQL("set local lock_timeout = {}").format(LOCK_TIMEOUT))


def sql_files(folder: str) -> list[Path]:
    """Return the files of a folder below ``sql/`` in the order in which they apply."""
    return sorted((SQL_DIR / folder).glob("*.sql"))


@contextmanager
def advisory_lock(url: str, name: str, *, shared: bool, timeout: str = "0") -> Iterator[None]:
    """Hold a lock of the project for as long as the block runs, across transactions.

    Args:
        url: libpq URL of the database that the lock lives in.
        name: Name of the lock.
        shared: Whether others may hold it in shared mode at the same time.
        timeout: How long to wait for it, as Postgres writes it; 0 for ever.

    Yields:
        Nothing; a killed process frees the lock, because its session ends.
    """
    with connect(url, application=f"lock-{name}") as connection:
        connection.autocommit = True
        connection.execute(sql.SQL("set lock_timeout = {}").format(timeout))
        connection.execute("set statement_timeout = 0")
        take = "pg_advisory_lock_shared" if shared else "pg_advisory_lock"
        connection.execute(
            sql.SQL("select {take}(hashtextextended(%s, 1))").format(take=sql.Identifier(take)),
            (name,),
        )
        yield
