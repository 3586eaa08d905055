"""Runs dbt in child processes and reads what it did.

Belongs here: the processes, their artefacts (the manifest, too) and errors. Does not belong here:
which models to build, or what happens in the child (dbt_worker.py).
"""

import atexit
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

from dagster_project.paths import DBT_DIR, PROJECT_DIR
from dagster_project.postgres import connect, place_of, read_only_line
from dagster_project.settings import Settings
from dagster_project.stage import StageError, TestResult, machine_fault
from dagster_project.unify.dbt_command import (
    MANIFEST,
    URL_VARIABLE,
    dbt_environment,
    inherited,
)
from dagster_project.warehouse import dbt_files, files_version

FAILED = frozenset({"error", "fail", "runtime error"})
SHOWN_LINES = 20

_WRITES_NOTHING = {"DBT_WRITE_JSON": "false", "DBT_LOG_LEVEL_FILE": "none"}
"""Nobody reads what dbt would write down."""

_OUTPUT = "output.txt"

Worker = subprocess.Popen[str]

# A terminal and a service manager signal the whole group; we alone decide when work stops. Not by
# the child itself, which takes seconds to load.
_DEAF = ("/bin/sh", "-c", 'trap "" INT TERM; exec "$0" "$@"')


class DbtError(StageError):
    """dbt ended with an error; the message holds each failed node and its reason."""

    def __init__(
        self,
        message: str,
        results: Sequence[TestResult] = (),
        codes: Sequence[str | int] = (),
        place: str = "",
    ) -> None:
        """Keep what did run, and of the codes the first that the machine or a server gave."""
        super().__init__(message)
        self.results = results
        for code in codes:
            self.sqlstate = code if isinstance(code, str) else None
            self.errno = code if isinstance(code, int) else None
            if machine_fault(self) is not None:
                break
        if place:
            self.add_note(place)


def run_dbt(arguments: Sequence[str], *, url: str | None = None) -> list[TestResult]:
    """Run one dbt command and wait for it. Threads may do so at once.

    Args:
        arguments: dbt's own arguments, e.g. ``["build", "--select", "tag:unify"]``.
        url: libpq URL of the warehouse; None for commands that need no connection.

    Returns:
        One result per executed node; warnings of tests are results with status ``warn``.

    Raises:
        DbtError: dbt failed; names the nodes and their messages.
    """
    with tempfile.TemporaryDirectory(prefix="beacon-dbt-") as folder:
        target = Path(folder)
        parsed = _state_folder(Settings().private_home())
        with _worker() as worker:
            answer = _ask(worker, _command(arguments, url, target, parsed))
        exit_code = answer["exit_code"]
        results = [TestResult(**one) for one in answer["results"]]
        if exit_code != 0:
            place = _leads_to(url)[1] if url else ""
            codes = answer["codes"] or _codes_of(exit_code)
            raise DbtError(_explain(results, target, exit_code), results, codes, place)
        return results


def _command(
    arguments: Sequence[str], url: str | None, target: Path, parsed: Path
) -> dict[str, Any]:
    return {
        "arguments": list(arguments),
        "environment": {**_environment(url, target), **_WRITES_NOTHING},
        "output": str(target / _OUTPUT),
        "files": files_version(),
        "parsed": str(parsed / "partial_parse.msgpack"),
    }


# Workers that wait for a command. A caller takes one for itself: dbt is not thread-safe.
_idle: SimpleQueue[Worker] = SimpleQueue()


@contextmanager
def _worker() -> Iterator[Worker]:
    try:
        worker = _idle.get_nowait()
    except Empty:
        worker = start_worker()
    try:
        yield worker
    except BaseException:
        # Interrupted while dbt works: nobody would read the answer, so the command ends too.
        _end(worker)
        raise
    _idle.put(worker)


def start_worker() -> Worker:
    """Start the process that runs dbt's commands, one after another."""
    return subprocess.Popen(
        [*_DEAF, sys.executable, "-m", "dagster_project.unify.dbt_worker"],
        cwd=PROJECT_DIR,
        env=inherited(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ask(worker: Worker, command: dict[str, Any]) -> dict[str, Any]:
    requests = _pipe(worker.stdin)
    requests.write(json.dumps(command) + "\n")
    requests.flush()
    return _read_answer(worker)


def _read_answer(worker: Worker) -> dict[str, Any]:
    line = _pipe(worker.stdout).readline()
    if not line:
        last_words, code = _tail(_pipe(worker.stderr).read()), worker.wait()
        message = f"dbt's process ended with code {code}: {last_words}"
        raise DbtError(message, codes=_codes_of(code))
    answer: dict[str, Any] = json.loads(line)
    return answer


def _codes_of(exit_code: int) -> list[str | int]:
    # Whoever is not asked for and kills is the machine, when it runs out of memory.
    return [errno.ENOMEM] if exit_code == -signal.SIGKILL else []


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None, "workers are started with pipes"  # noqa: S101
    return stream


def _end(worker: Worker) -> None:
    with worker:
        # The end of the input is the order to stop; `with` closes the other pipes and waits.
        _pipe(worker.stdin).close()


def load_ahead() -> None:
    """Start the process of the first command beside what comes before it: loading takes seconds."""
    if _idle.empty():
        _idle.put(start_worker())


@atexit.register
def _end_idle_workers() -> None:
    while not _idle.empty():
        worker = _idle.get_nowait()
        # It runs no command, and one that still loads would do so to its end.
        worker.kill()
        _end(worker)


def _state_folder(home: Path) -> Path:
    folder = home / "dbt"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@cache
def load_manifest(home: Path) -> dict[str, Any]:
    """Return the manifest of the present dbt project.

    Args:
        home: Local state; the project is parsed into it when its files are newer.

    Returns:
        dbt's document; read it, do not change it.

    Raises:
        DbtError: The project does not parse.
    """
    path = _state_folder(home) / MANIFEST
    if not path.exists() or any(
        file.stat().st_mtime > path.stat().st_mtime for file in dbt_files()
    ):
        with tempfile.TemporaryDirectory(prefix="parse-", dir=path.parent) as folder:
            target = Path(folder)
            # The worker stays: what it has parsed is what the next command begins with.
            with _worker() as worker:
                answer = _ask(worker, _command([], None, target, path.parent))
            if answer["exit_code"] != 0:
                raise DbtError(_explain([], target, answer["exit_code"]), codes=answer["codes"])
            # A rename is atomic: a reader sees the old file or the new one, never half of one.
            (target / MANIFEST).replace(path)
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@cache
def _leads_to(url: str) -> tuple[str, str]:
    """Ask libpq where a URL leads, as database and as place: a service file may hold the name."""
    with connect(url, application="dbt", read_only=True) as connection:
        return connection.info.dbname, place_of(connection)


def _environment(url: str | None, target: Path) -> dict[str, str]:
    return {
        **inherited(os.environ),
        **(dbt_environment(url, _leads_to(url)[0]) if url else {}),
        "DBT_PROJECT_DIR": str(DBT_DIR),
        "DBT_PROFILES_DIR": str(DBT_DIR),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "false",
        "PYTHONWARNINGS": "ignore",
    }


def run_by_hand(arguments: Sequence[str], *, url: str, target: Path) -> int:
    """Let dbt work in sight of the user, in sessions that can only read.

    Args:
        arguments: dbt's own.
        url: libpq URL of the warehouse.
        target: Where dbt leaves what it makes, such as the documentation.

    Returns:
        dbt's exit code.
    """
    target.mkdir(parents=True, exist_ok=True)
    finished = subprocess.run(
        [sys.executable, "-m", "dagster_project.unify.dbt_worker", *arguments],
        env={**_environment(url, target), URL_VARIABLE: read_only_line(url)},
        check=False,
    )
    return finished.returncode


def _explain(results: Sequence[TestResult], target: Path, exit_code: int) -> str:
    failed = [result for result in results if result.status in FAILED]
    if failed:
        return "\n".join(f"{result.unique_id}: {result.message}" for result in failed)
    output = target / _OUTPUT
    printed = output.read_text(encoding="utf-8") if output.exists() else ""
    return _tail(f"{printed}\ndbt ended with code {exit_code}")


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-SHOWN_LINES:])
