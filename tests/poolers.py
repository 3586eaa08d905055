"""A real PgBouncer in transaction mode in front of a test's server.

Belongs here: starting and ending it. Does not belong here: expectations.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

HOST = "127.0.0.1"


@contextmanager
def transaction_pooler(folder: Path, *urls: str, ignored: str = "") -> Iterator[list[str]]:
    """Put a pooler in front of the server of some URLs; yields the same URLs through it.

    Args:
        ignored: Startup parameters that it drops instead of refusing them.
    """
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "install pgbouncer: scripts/ensure_components.sh"
    parts = [urlsplit(url) for url in urls]
    port = _free_port()
    (folder / "users.txt").write_text(
        "".join(f'"{part.username}" "{unquote(part.password or "")}"\n' for part in parts)
    )
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={HOST} port={parts[0].port}\n[pgbouncer]\n"
        f"listen_addr = {HOST}\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {folder}/users.txt\npool_mode = transaction\n"
        f"default_pool_size = 5\nignore_startup_parameters = {ignored}\n"
    )
    as_user = ("-u", "nobody") if os.geteuid() == 0 else ()
    with subprocess.Popen(
        [program, "-q", *as_user, str(folder / "pgbouncer.ini")], stderr=subprocess.DEVNULL
    ) as process:
        try:
            pooled = [
                part._replace(
                    netloc=f"{part.netloc.rpartition('@')[0]}@{HOST}:{port}",
                ).geturl()
                for part in parts
            ]
            _wait_for(process, pooled[0])
            yield pooled
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], url: str) -> None:
    while process.poll() is None:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            continue
        return
    message = "pgbouncer did not start"
    raise RuntimeError(message)
