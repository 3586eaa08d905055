"""The project's own Postgres server, for the demo and the tests.

Belongs here: one server per home folder, shared by every process that asks for it and stopped by
the last one. Does not belong here: what the databases hold.

Three lock files (flock) say what is true, because the kernel frees them when a process is killed:
``clients.lock`` is shared by all who use the server, ``start.lock`` is held while one of them
starts or stops it, and ``server.lock`` is inherited by every Postgres process, so it is free only
when none of them lives.
"""

import fcntl
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg import sql

from dagster_project.runner_db.postgres_binaries import find_bindir, major_version
from dagster_project.runner_db.postgres_user import Launcher, find_launcher, own_tree

HOST = "127.0.0.1"
SUPERUSER = "beacon"

_TIMEOUT_S = 60
_POLL_S = 0.02
# Below the range from which Linux and macOS take the ports of outgoing connections.
_PORTS = range(20_000, 30_000)
_BUILTIN_LOCALE_SINCE = 17

_PARAMETERS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    # Modest: the demo shares the machine with Dagster, dbt and polars.
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    # A load of 1,000,000 executions must not wait for checkpoints.
    "max_wal_size": "2GB",
    # Containers give /dev/shm 64 MB, on which parallel hash joins die.
    "dynamic_shared_memory_type": "mmap",
    # Compiling costs more than it saves on queries of one day.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Errors reach the client; the log must not repeat rows or statements.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedServerError(RuntimeError):
    """The embedded server could not be created, started or stopped."""


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server.

    Attributes:
        port: TCP port on 127.0.0.1.
        password: Password of the superuser.
        log: The server's log file.
    """

    port: int
    password: str = field(repr=False)
    log: Path

    def url(self, dbname: str, user: str | None = None) -> str:
        """Return the libpq URL of a database.

        Args:
            dbname: Name of the database.
            user: Role that logs in; it must have the server's password. The superuser when None.

        Returns:
            The URL, password included: never log it.
        """
        role = quote(user or SUPERUSER, safe="")
        return f"postgresql://{role}:{self.password}@{HOST}:{self.port}/{quote(dbname, safe='')}"


@dataclass(frozen=True)
class _Cluster:
    """A data folder, and the programs that serve it."""

    folder: Path
    bindir: Path
    launcher: Launcher
    durable: bool

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.data / "server.log"


@contextmanager
def embedded_server(
    home: Path, bindir: Path | None = None, *, durable: bool = True
) -> Iterator[EmbeddedServer]:
    """Use the server of a home folder: created and started when needed, stopped by its last user.

    Any number of processes may do so at once. A server whose users were killed is used again.

    Args:
        home: Folder for local state; the server keeps its files in ``postgres`` below it.
        bindir: Folder with initdb, pg_ctl and postgres; searched for when None.
        durable: Whether commits survive a crash of the machine. Only tests, which throw their
            databases away, gain by False. Counts when this call starts the server.

    Yields:
        The running server.

    Raises:
        EmbeddedServerError: It does not start or stop; the message ends with its log.
        PostgresBinariesError: There are no programs to run.
        PrivilegeError: The process is root and may not run them as another user.
    """
    folder = home.resolve() / "postgres"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "clients.lock").open("wb") as clients:
        try:
            with _alone(folder):
                fcntl.flock(clients, fcntl.LOCK_SH)
                cluster = _open_cluster(folder, find_bindir(bindir), durable=durable)
                server = _ensure_running(cluster)
            yield server
        finally:
            with _alone(folder):
                if _try_lock(clients) and (folder / "data" / "postmaster.pid").exists():
                    _stop(_open_cluster(folder, find_bindir(bindir), durable=durable))


def create_database(server: EmbeddedServer, name: str) -> None:
    """Create an empty database unless it exists.

    Args:
        server: The running server.
        name: Name of the database.
    """
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", (name,))
        if found.fetchone() is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


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
    deadline = time.monotonic() + _TIMEOUT_S
    while not _try_lock(lock):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _open_cluster(folder: Path, bindir: Path, *, durable: bool) -> _Cluster:
    return _Cluster(folder, bindir, find_launcher(folder, bindir / "postgres"), durable)


def _ensure_running(cluster: _Cluster) -> EmbeddedServer:
    password = _password(cluster.folder)
    deadline = time.monotonic() + _TIMEOUT_S
    with (cluster.folder / "server.lock").open("wb") as alive:
        while not _try_lock(alive):
            # Left behind by a user that was killed: ready, still starting, or dying.
            server = EmbeddedServer(_recorded_port(cluster.folder), password, cluster.log)
            if _answers(server):
                return server
            if time.monotonic() > deadline:
                raise _failure(cluster, f"The running server did not answer for {_TIMEOUT_S} s")
            time.sleep(_POLL_S)
        _initialise(cluster, alive)
        port = _choose_port(cluster.folder)
        _start(cluster, port, alive)
    return EmbeddedServer(port, password, cluster.log)


def _answers(server: EmbeddedServer) -> bool:
    try:
        psycopg.connect(server.url("postgres"), connect_timeout=_TIMEOUT_S).close()
    except psycopg.OperationalError:
        return False
    return True


def _initialise(cluster: _Cluster, alive: IO[bytes]) -> None:
    version = major_version(cluster.bindir)
    if cluster.data.exists():
        own_tree(cluster.launcher, cluster.data)
        _check_version(cluster.data, version)
        return
    # A folder that a killed initdb left is never renamed, so it is made again.
    unfinished = cluster.folder / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    os.chown(unfinished, cluster.launcher.uid, cluster.launcher.gid)
    _run(
        cluster,
        alive,
        "initdb",
        f"--pgdata={unfinished}",
        f"--username={SUPERUSER}",
        f"--pwfile={cluster.folder / 'password'}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        *_locale(version),
        *(() if cluster.durable else ("--no-sync",)),
    )
    unfinished.rename(cluster.data)


def _locale(version: int) -> tuple[str, ...]:
    if version >= _BUILTIN_LOCALE_SINCE:
        return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    return ("--locale=C.UTF-8",)


def _check_version(data: Path, version: int) -> None:
    stored = int((data / "PG_VERSION").read_text(encoding="ascii"))
    if stored != version:
        message = (
            f"{data} was made by Postgres {stored}, but the programs are Postgres {version}: "
            "set BEACON_PG_BINDIR to the older programs, or remove the folder."
        )
        raise EmbeddedServerError(message)


def _start(cluster: _Cluster, port: int, alive: IO[bytes]) -> None:
    # No Postgres process lives (server.lock), so a process with this id is a stranger.
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    parameters = {**_PARAMETERS, **({} if cluster.durable else _NOT_DURABLE), "port": str(port)}
    options = shlex.join(f"--{name}={value}" for name, value in parameters.items())
    _run(
        cluster,
        alive,
        "pg_ctl",
        "start",
        "--wait",
        f"--timeout={_TIMEOUT_S}",
        f"--pgdata={cluster.data}",
        f"--log={cluster.log}",
        f"--options={options}",
    )


def _stop(cluster: _Cluster) -> None:
    with (cluster.folder / "server.lock").open("wb") as alive:
        if _try_lock(alive):
            return
        try:
            _run(
                cluster,
                alive,
                "pg_ctl",
                "stop",
                "--wait",
                "--mode=fast",
                f"--timeout={_TIMEOUT_S}",
                f"--pgdata={cluster.data}",
            )
        except EmbeddedServerError:
            # A killed postmaster cannot be stopped, but its children end by themselves.
            if not _await_lock(alive):
                raise


def _run(cluster: _Cluster, alive: IO[bytes], program: str, *arguments: str) -> None:
    command = (*cluster.launcher.prefix, str(cluster.bindir / program), *arguments)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=cluster.folder,
        # Ctrl-C in the user's terminal must not reach the server.
        start_new_session=True,
        pass_fds=(alive.fileno(),),
    )
    try:
        output, _ = process.communicate()
    except KeyboardInterrupt:
        # What was begun ends in a second; leaving it would leave a half-started server.
        process.wait()
        raise
    if process.returncode != 0:
        raise _failure(cluster, f"{program} failed: {output.strip()}")


def _failure(cluster: _Cluster, what: str) -> EmbeddedServerError:
    lines = cluster.log.read_text(errors="replace").splitlines() if cluster.log.exists() else []
    tail = "\n".join(f"  {line}" for line in lines[-10:])
    return EmbeddedServerError(f"{what}\nThe end of {cluster.log}:\n{tail}")


def _password(folder: Path) -> str:
    path = folder / "password"
    if not path.exists():
        _write(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="ascii")


def _write(path: Path, text: str) -> None:
    # All or nothing, also when killed; readable by the owner only.
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, encoding="ascii")
    unfinished.replace(path)


def _recorded_port(folder: Path) -> int:
    path = folder / "port"
    if path.exists():
        return int(path.read_text(encoding="ascii"))
    # Fixed per folder: a port that changes would defeat dbt's partial parsing.
    return _PORTS[zlib.crc32(str(folder).encode()) % len(_PORTS)]


def _choose_port(folder: Path) -> int:
    first = _PORTS.index(_recorded_port(folder))
    for port in chain(_PORTS[first:], _PORTS[:first]):
        if _is_free(port):
            _write(folder / "port", str(port))
            return port
    message = f"No free port on {HOST} from {_PORTS.start} to {_PORTS.stop - 1}."
    raise EmbeddedServerError(message)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Postgres binds with this option too: connections in TIME_WAIT do not hinder it.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
