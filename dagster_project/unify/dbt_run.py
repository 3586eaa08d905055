"""Runs dbt in child processes and reads what it did.

Belongs here: the processes, their artefacts and errors. Does not belong here: which models to
build, or what happens in the child (dbt_worker.py).
"""

import atexit
import json
import os
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
from dagster_project.postgres import connect
from dagster_project.stage import StageError, TestResult
from dagster_project.unify.dbt_command import compile_everything, dbt_environment
from dagster_project.warehouse import files_version

FAILED = frozenset({"error", "fail", "runtime error"})
SHOWN_LINES = 20

Worker = subprocess.Popen[str]


# dbt reports a database error as text only, so these are libpq's and the server's own words.
_TRANSIENT_WORDS = (
    "could not connect to server",
    "connection refused",
    "connection to server",
    "server closed the connection",
    "terminating connection",
    "the database system is",
    "deadlock detected",
    "could not serialize access",
    "canceling statement due to lock timeout",
)


class DbtError(StageError):
    """dbt ended with an error; the message holds each failed node and its reason."""

    def __init__(self, message: str, results: Sequence[TestResult] = ()) -> None:
        """Find out from the message whether the error may pass; keep what did run."""
        super().__init__(message)
        self.results = results
        self.is_transient = any(word in message.lower() for word in _TRANSIENT_WORDS)


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
        output = target / "output.txt"
        command = {
            "arguments": list(arguments),
            "environment": _environment(url, target),
            "output": str(output),
            "files": files_version(),
        }
        with _worker() as worker:
            exit_code = _ask(worker, command)
        results = _read_results(target)
        if exit_code != 0:
            raise DbtError(_explain(results, output, exit_code), results)
        return results


# Workers that wait for a command. A caller takes one for itself: dbt is not thread-safe.
_idle: SimpleQueue[Worker] = SimpleQueue()


@contextmanager
def _worker() -> Iterator[Worker]:
    try:
        worker = _idle.get_nowait()
    except Empty:
        worker = _start_worker()
    try:
        yield worker
    except BaseException:
        # Interrupted while dbt works: nobody would read the answer, so the command ends too.
        _end(worker)
        raise
    _idle.put(worker)


def _start_worker() -> Worker:
    return subprocess.Popen(
        [sys.executable, "-m", "dagster_project.unify.dbt_worker"],
        cwd=PROJECT_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ask(worker: Worker, command: dict[str, Any]) -> int:
    requests = _pipe(worker.stdin)
    requests.write(json.dumps(command) + "\n")
    requests.flush()
    return _read_answer(worker)


def _read_answer(worker: Worker) -> int:
    line = _pipe(worker.stdout).readline()
    if not line:
        last_words = _pipe(worker.stderr).read()
        raise DbtError(f"dbt's process ended with code {worker.wait()}: {_tail(last_words)}")
    return int(line)


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None, "workers are started with pipes"  # noqa: S101
    return stream


def _end(worker: Worker) -> None:
    with worker:
        # The end of the input is the order to stop; `with` closes the other pipes and waits.
        _pipe(worker.stdin).close()


@atexit.register
def _end_idle_workers() -> None:
    while not _idle.empty():
        _end(_idle.get_nowait())


def write_manifest(path: Path) -> None:
    """Compile the project, without a connection, and publish its manifest atomically.

    Raises:
        DbtError: The project does not parse or compile.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="parse-", dir=path.parent) as folder:
        target = Path(folder)
        finished = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", *compile_everything()],
            env=_environment(None, target),
            cwd=DBT_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            raise DbtError(_tail(finished.stdout + finished.stderr))
        # A rename is atomic: a reader sees the old file or the new one, never half of one.
        (target / "manifest.json").replace(path)


@cache
def _database(url: str) -> str:
    """Ask libpq where a URL leads: its name may stand in a service file, or nowhere."""
    with connect(url, application="dbt", read_only=True) as connection:
        return connection.info.dbname


def _environment(url: str | None, target: Path) -> dict[str, str]:
    return {
        **os.environ,
        **(dbt_environment(url, _database(url)) if url else {}),
        "DBT_PROJECT_DIR": str(DBT_DIR),
        "DBT_PROFILES_DIR": str(DBT_DIR),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "false",
        "PYTHONWARNINGS": "ignore",
    }


def _read_results(target: Path) -> list[TestResult]:
    path = target / "run_results.json"
    if not path.exists():
        return []
    nodes: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return [
        TestResult(
            unique_id=node["unique_id"],
            status=str(node["status"]),
            seconds=float(node["execution_time"]),
            failures=node.get("failures"),
            message=node.get("message") or "",
        )
        for node in nodes
    ]


def _explain(results: Sequence[TestResult], output: Path, exit_code: int) -> str:
    failed = [result for result in results if result.status in FAILED]
    if failed:
        return "\n".join(f"{result.unique_id}: {result.message}" for result in failed)
    printed = output.read_text(encoding="utf-8") if output.exists() else ""
    return _tail(f"{printed}\ndbt ended with code {exit_code}")


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-SHOWN_LINES:])
