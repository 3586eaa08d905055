"""The project's own Postgres server, for the demo and the tests.

Belongs here: one server per home folder, shared by every process that asks for it and stopped by
the last one; which two databases a command works on, the ones named by variables or the demo's.
Does not belong here: its programs (cluster.py), what its databases hold.

Three lock files (flock) say what is true, because the kernel frees them when a process is killed:
``clients.lock`` is shared by all who use the server, ``start.lock`` is held while one of them
starts or stops it, and ``server.lock`` is inherited by every Postgres process, so it is free only
when none of them lives.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg import sql

from dagster_project.embedded_postgres.cluster import (
    HOST,
    SUPERUSER,
    TIMEOUT_S,
    Cluster,
    EmbeddedServerError,
    choose_port,
    failure,
    initialise,
    open_cluster,
    read_password,
    recorded_port,
    start,
    stop,
)
from dagster_project.settings import Settings
from dagster_project.stage import Databases

RUNNER = "runner"
WAREHOUSE = "warehouse"
_POLL_S = 0.02


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server."""

    port: int
    password: str = field(repr=False)
    log: Path

    def url(self, dbname: str, user: str | None = None) -> str:
        """Return the libpq URL of a database.

        Args:
            user: Role that logs in; it must have the server's password. The superuser when None.

        Returns:
            The URL, password included: never log it.
        """
        role = quote(user or SUPERUSER, safe="")
        return f"postgresql://{role}:{self.password}@{HOST}:{self.port}/{quote(dbname, safe='')}"


@contextmanager
def embedded_server(
    home: Path, bindir: Path | None = None, *, durable: bool = True, keep_running: bool = False
) -> Iterator[EmbeddedServer]:
    """Use the server of a home folder: created and started when needed, stopped by its last user.

    Any number of processes may do so at once. A server whose users were killed is used again.

    Args:
        home: Folder for local state; the server keeps its files in ``postgres`` below it.
        bindir: Folder with initdb, pg_ctl and postgres; searched for when None.
        durable: Whether commits survive a crash of the machine. Only tests, which throw their
            databases away, gain by False. Counts when this call starts the server.
        keep_running: Whether this user leaves the server running, e.g. for psql, until
            ``stop_server`` or the last of other users stops it.

    Raises:
        EmbeddedServerError: It does not start or stop; the message ends with its log.
        PostgresBinariesError: There are no programs to run.
        PrivilegeError: The process is root and may not run them as another user.
    """
    folder = _folder(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "clients.lock").open("wb") as clients:
        try:
            with _alone(folder):
                fcntl.flock(clients, fcntl.LOCK_SH)
                server = _ensure_running(open_cluster(folder, bindir, durable=durable))
            yield server
        finally:
            if not keep_running:
                _stop_if_unused(folder, bindir, clients)


def has_server(home: Path) -> bool:
    """Tell whether a home folder holds the data of an embedded server, running or not."""
    return (_folder(home) / "data").exists()


def stop_server(home: Path, bindir: Path | None = None) -> bool:
    """Stop the server of a home folder unless somebody uses it.

    Args:
        bindir: Folder with pg_ctl; searched for when None.

    Returns:
        Whether no server runs now. False: others use it, and the last of them stops it.

    Raises:
        EmbeddedServerError: It does not stop; the message ends with its log.
    """
    if not has_server(home):
        return True
    with (_folder(home) / "clients.lock").open("wb") as clients:
        return _stop_if_unused(_folder(home), bindir, clients)


def create_database(server: EmbeddedServer, name: str) -> None:
    """Create an empty database unless it exists; several processes may do so at once."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtextextended('create database', 0))")
        found = connection.execute("select 1 from pg_database where datname = %s", (name,))
        if found.fetchone() is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def _folder(home: Path) -> Path:
    return home.resolve() / "postgres"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "start.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _try_lock(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _await_lock(lock: IO[bytes]) -> bool:
    deadline = time.monotonic() + TIMEOUT_S
    while not _try_lock(lock):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _ensure_running(cluster: Cluster) -> EmbeddedServer:
    password = read_password(cluster.folder)
    deadline = time.monotonic() + TIMEOUT_S
    with (cluster.folder / "server.lock").open("wb") as alive:
        while not _try_lock(alive):
            # Kept, or left behind by a killed user: ready, still starting, or dying.
            server = EmbeddedServer(recorded_port(cluster.folder), password, cluster.log)
            if _answers(server):
                return server
            if time.monotonic() > deadline:
                raise failure(cluster, f"The running server did not answer for {TIMEOUT_S} s")
            time.sleep(_POLL_S)
        initialise(cluster, alive)
        port = choose_port(cluster.folder)
        start(cluster, port, alive)
    return EmbeddedServer(port, password, cluster.log)


def _answers(server: EmbeddedServer) -> bool:
    try:
        psycopg.connect(server.url("postgres"), connect_timeout=TIMEOUT_S).close()
    except psycopg.OperationalError:
        return False
    return True


def _stop_if_unused(folder: Path, bindir: Path | None, clients: IO[bytes]) -> bool:
    with _alone(folder), (folder / "server.lock").open("wb") as alive:
        if not _try_lock(clients):
            return False
        if _try_lock(alive):
            return True
        try:
            stop(open_cluster(folder, bindir, durable=True), alive)
        except EmbeddedServerError:
            # A killed postmaster cannot be stopped, but its children end by themselves.
            if not _await_lock(alive):
                raise
        return True


@contextmanager
def databases(settings: Settings, *, start_demo: bool = False) -> Iterator[Databases]:
    """Give the two databases; the demo's server runs for as long as the block does, and longer.

    Args:
        settings: Either both variables are set, or neither is and the demo's server is used.
        start_demo: Whether an embedded server may be created when no variable is set.

    Raises:
        MissingSettingError: A variable is missing and there is no demo to work on.
    """
    settings.private_home()
    if settings.runner_url is not None or settings.warehouse_url is not None:
        yield Databases(settings.require("runner_url"), settings.require("warehouse_url"))
        return
    if not (start_demo or has_server(settings.home)):
        settings.require("warehouse_url")
    with embedded_server(settings.home, settings.pg_bindir, keep_running=True) as server:
        for name in (RUNNER, WAREHOUSE):
            create_database(server, name)
        yield Databases(server.url(RUNNER), server.url(WAREHOUSE), embedded=True)
