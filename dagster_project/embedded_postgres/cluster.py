"""One data folder and the programs that serve it: create it, start it, stop it.

Belongs here: what is true of one server. Does not belong here: who uses it (server.py).
"""

import os
import secrets
import shlex
import shutil
import socket
import subprocess
import zlib
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from dagster_project.embedded_postgres.programs import (
    Launcher,
    find_bindir,
    find_launcher,
    major_version,
    own_tree,
)

HOST = "127.0.0.1"
SUPERUSER = "beacon"
TIMEOUT_S = 60

# Below the range from which Linux and macOS take the ports of outgoing connections.
_PORTS = range(20_000, 30_000)
_BUILTIN_LOCALE_SINCE = 17
_LOG_LINES_SHOWN = 10

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
    # Nobody replicates it; a bulk load into a new table then needs no log of its rows.
    "wal_level": "minimal",
    "max_wal_senders": "0",
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
class Cluster:
    """A data folder, and how it is served.

    Attributes:
        folder: Holds the data folder, the password, the port and the locks.
        durable: Whether commits survive a crash of the machine.
    """

    folder: Path
    bindir: Path
    launcher: Launcher
    durable: bool

    @property
    def data(self) -> Path:
        """The data folder, which exists once it is complete."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.data / "server.log"


def open_cluster(folder: Path, bindir: Path | None, *, durable: bool) -> Cluster:
    """Return the cluster of a folder; nothing is created or started.

    Args:
        bindir: Folder of the programs; searched for when None.
    """
    programs = find_bindir(bindir)
    return Cluster(folder, programs, find_launcher(folder, programs / "postgres"), durable)


def initialise(cluster: Cluster, alive: IO[bytes]) -> None:
    """Create the data folder unless it exists; a half-made one is made again.

    Raises:
        EmbeddedServerError: initdb failed, or the data are of another Postgres version.
    """
    version = major_version(cluster.bindir)
    if cluster.data.exists():
        own_tree(cluster.launcher, cluster.data)
        _check_version(cluster.data, version)
        return
    # A folder that a killed initdb left was never renamed.
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


def start(cluster: Cluster, port: int, alive: IO[bytes]) -> None:
    """Start the server and wait until it accepts connections.

    Raises:
        EmbeddedServerError: The server did not start.
    """
    # No process of the server lives (alive), so a process with this id is a stranger.
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    parameters = {**_PARAMETERS, **({} if cluster.durable else _NOT_DURABLE), "port": str(port)}
    options = shlex.join(f"--{name}={value}" for name, value in parameters.items())
    _pg_ctl(cluster, alive, "start", f"--log={cluster.log}", f"--options={options}")


def stop(cluster: Cluster, alive: IO[bytes]) -> None:
    """Stop the server, ending its connections, and wait until it is gone.

    Raises:
        EmbeddedServerError: The server did not stop.
    """
    _pg_ctl(cluster, alive, "stop", "--mode=fast")


def failure(cluster: Cluster, what: str) -> EmbeddedServerError:
    """Return an error that ends with the last lines of the server's log."""
    log = cluster.log
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    tail = "\n".join(f"  {line}" for line in lines[-_LOG_LINES_SHOWN:])
    return EmbeddedServerError(f"{what}\nThe end of {log}:\n{tail}")


def read_password(folder: Path) -> str:
    """Return the superuser's password, made at first use; only the owner can read its file."""
    path = folder / "password"
    if not path.exists():
        _write(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="ascii")


def recorded_port(folder: Path) -> int:
    """Return the port of the last start; before the first one, the port of the path."""
    path = folder / "port"
    if path.exists():
        return int(path.read_text(encoding="ascii"))
    # Fixed per folder: a port that changes would defeat dbt's partial parsing.
    return _PORTS[zlib.crc32(str(folder).encode()) % len(_PORTS)]


def choose_port(folder: Path) -> int:
    """Return and record the port to start on: the recorded one, or the next that is free.

    Raises:
        EmbeddedServerError: No port is free.
    """
    first = _PORTS.index(recorded_port(folder))
    for port in chain(_PORTS[first:], _PORTS[:first]):
        if _is_free(port):
            _write(folder / "port", str(port))
            return port
    message = f"No free port on {HOST} from {_PORTS.start} to {_PORTS.stop - 1}."
    raise EmbeddedServerError(message)


def _locale(version: int) -> tuple[str, ...]:
    if version >= _BUILTIN_LOCALE_SINCE:
        return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    return ("--locale=C.UTF-8",)


def _check_version(data: Path, version: int) -> None:
    stored = int((data / "PG_VERSION").read_text(encoding="ascii"))
    if stored != version:
        message = (
            f"{data} was made by Postgres {stored}, but the programs are Postgres {version}: "
            f"set BEACON_PG_BINDIR to the programs of Postgres {stored}, or remove the folder."
        )
        raise EmbeddedServerError(message)


def _pg_ctl(cluster: Cluster, alive: IO[bytes], action: str, *options: str) -> None:
    wait = ("--wait", f"--timeout={TIMEOUT_S}", f"--pgdata={cluster.data}")
    _run(cluster, alive, "pg_ctl", action, *wait, *options)


def _run(cluster: Cluster, alive: IO[bytes], program: str, *arguments: str) -> None:
    process = subprocess.Popen(
        (*cluster.launcher.prefix, str(cluster.bindir / program), *arguments),
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
        raise failure(cluster, f"{program} failed: {output.strip()}")


def _write(path: Path, text: str) -> None:
    # All or nothing, also when killed; readable by the owner only.
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, encoding="ascii")
    unfinished.replace(path)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Postgres binds with this option too: connections in TIME_WAIT do not hinder it.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
