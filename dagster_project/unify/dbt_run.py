"""Runs dbt as a child process and reads what it did.

Belongs here: the process, its artefacts, its errors. Does not belong here: which models to build.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.paths import DBT_DIR
from dagster_project.unify.dbt_command import compile_everything, dbt_environment

PARTIAL_PARSE = "partial_parse.msgpack"
MANIFEST = DBT_DIR / "target" / "compiled_manifest.json"
"""Under a name of its own: a `dbt parse` by hand leaves a manifest without compiled statements."""
FAILED = frozenset({"error", "fail", "runtime error"})


@dataclass(frozen=True)
class NodeResult:
    """What dbt reported about one model, seed or test."""

    unique_id: str
    status: str
    seconds: float
    failures: int | None
    message: str


class DbtError(RuntimeError):
    """dbt ended with an error; the message holds each failed node and its reason."""


def run_dbt(arguments: Sequence[str], *, url: str | None = None) -> list[NodeResult]:
    """Run one dbt command and wait for it.

    Args:
        arguments: dbt's own arguments, e.g. ``["build", "--select", "tag:unify"]``.
        url: libpq URL of the warehouse; None for commands that need no connection.

    Returns:
        One result per executed node; warnings of tests are results with status ``warn``.

    Raises:
        DbtError: dbt failed; names the nodes and their messages.
    """
    shared_target = DBT_DIR / "target"
    with tempfile.TemporaryDirectory(prefix="beacon-dbt-") as folder:
        target = Path(folder)
        _copy_if_there(shared_target / PARTIAL_PARSE, target / PARTIAL_PARSE)
        finished = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", *arguments],
            env=_environment(url, target),
            cwd=DBT_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        results = _read_results(target)
        if finished.returncode != 0:
            raise DbtError(_explain(results, finished.stdout, finished.stderr))
        return results


def write_manifest() -> Path:
    """Compile the project, without a connection, and publish what came out atomically.

    Returns:
        The path of the manifest; the partial parse lies beside it.

    Raises:
        DbtError: The project does not parse or compile.
    """
    shared_target = DBT_DIR / "target"
    shared_target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="parse-", dir=shared_target) as folder:
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
            raise DbtError(_explain([], finished.stdout, finished.stderr))
        # A rename is atomic: a reader sees the old file or the new one, never half of one.
        (target / PARTIAL_PARSE).replace(shared_target / PARTIAL_PARSE)
        (target / "manifest.json").replace(MANIFEST)
    return MANIFEST


def _environment(url: str | None, target: Path) -> dict[str, str]:
    return {
        **os.environ,
        **(dbt_environment(url) if url else {}),
        "DBT_PROJECT_DIR": str(DBT_DIR),
        "DBT_PROFILES_DIR": str(DBT_DIR),
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "false",
        "PYTHONWARNINGS": "ignore",
    }


def _copy_if_there(source: Path, destination: Path) -> None:
    if source.exists():
        shutil.copyfile(source, destination)


def _read_results(target: Path) -> list[NodeResult]:
    path = target / "run_results.json"
    if not path.exists():
        return []
    nodes: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return [
        NodeResult(
            unique_id=node["unique_id"],
            status=str(node["status"]),
            seconds=float(node["execution_time"]),
            failures=node.get("failures"),
            message=node.get("message") or "",
        )
        for node in nodes
    ]


def _explain(results: Sequence[NodeResult], stdout: str, stderr: str) -> str:
    failed = [result for result in results if result.status in FAILED]
    if failed:
        return "\n".join(f"{result.unique_id}: {result.message}" for result in failed)
    return "\n".join((stdout + stderr).strip().splitlines()[-20:])
