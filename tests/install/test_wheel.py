"""The wheel in an environment of its own, used by somebody who may not write there."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from dagster_project.paths import PROJECT_DIR
from scripts.uv_settings import pip_configuration, uv_variables
from tests.browser.driver import serve_beacon_ui

PARTITIONS = json.dumps(
    {
        "query": '{assetNodeOrError(assetKey: {path: ["raw", "jobs"]})'
        " {... on AssetNode {partitionKeys}}}"
    }
)
NOBODY = 65534
# Python itself may lie where only root may go: reading is allowed everywhere, writing is not.
OTHER_USER = (
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
)


@dataclass(frozen=True)
class Installation:
    """An environment with the wheel, and the empty folder of a user who may only read it."""

    environment: Path
    user_home: Path

    @property
    def variables(self) -> dict[str, str]:
        """Little more than a log-in gives; modules are compiled once, in the user's folder."""
        return {
            "HOME": str(self.user_home),
            "PATH": os.defpath,
            "PYTHONPYCACHEPREFIX": str(self.user_home / "compiled"),
            "COLUMNS": "120",
        }

    @property
    def beacon(self) -> list[str]:
        """The command as that user; root gives itself up."""
        program = [str(self.environment / "bin" / "beacon")]
        if os.geteuid() != 0:
            return program
        return [*OTHER_USER, *program]

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        finished = subprocess.run(
            [*self.beacon, *arguments],
            cwd=self.user_home,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == exit_code, finished.stdout + finished.stderr
        return finished.stdout if exit_code == 0 else finished.stderr

    def files(self) -> set[Path]:
        return set(self.environment.rglob("*"))


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    # Not below pytest's folder, into which only its owner may go.
    with tempfile.TemporaryDirectory(prefix="beacon-wheel-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        installed = Installation(folder / "environment", folder / "user")
        installed.user_home.mkdir()
        if os.geteuid() == 0:
            shutil.chown(installed.user_home, NOBODY, NOBODY)
        _install(_build(folder / "wheel"), installed.environment)
        # Folders only: uv's files are links to those of its cache.
        for path in installed.files():
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o555)
        yield installed
        installed.run("stop")


def test_the_pipeline_works_from_a_wheel_that_nobody_may_write(installation: Installation) -> None:
    before = installation.files()
    told = installation.run("demo", "--jobs", "52")
    assert f"{installation.environment}/bin/beacon report" in told
    assert "make " not in told

    installation.run("report", "--output", "report.html")
    assert "<html" in (installation.user_home / "report.html").read_text(encoding="utf-8")

    answer = {"job": "j", "region": "us", "model": "m", "question": "q", "text": "I cannot say."}
    answers = installation.user_home / "answers.ndjson"
    answers.write_text(json.dumps(answer), encoding="utf-8")
    installation.run("score", "--input", "answers.ndjson", "--output", "scores.ndjson")
    assert (installation.user_home / "scores.ndjson").read_text(encoding="utf-8")

    days = ("--from", "2025-09-01", "--to", "2025-09-02")
    assert "beacon-analytics[semantic]" in installation.run("semantic", *days, exit_code=2)

    findings = json.loads(installation.run("doctor", "--json"))
    assert [one for one in findings if one["level"] == "fail"] == []

    assert installation.files() == before


def test_the_state_of_an_installation_lies_with_the_user(installation: Installation) -> None:
    assert (installation.user_home / ".local" / "share" / "beacon" / "postgres").is_dir()


def test_dagsters_ui_starts_from_the_wheel(installation: Installation, tmp_path: Path) -> None:
    with serve_beacon_ui(
        installation.variables,
        tmp_path / "ui.log",
        program=installation.beacon,
        folder=installation.user_home,
    ) as address:
        request = Request(  # noqa: S310  our own server
            f"{address}/graphql", PARTITIONS.encode(), {"Content-Type": "application/json"}
        )
        with urlopen(request) as answer:  # noqa: S310  our own server
            keys = json.load(answer)["data"]["assetNodeOrError"]["partitionKeys"]
    assert "Warning" not in (tmp_path / "ui.log").read_text(encoding="utf-8")
    days = [day["job_day"] for day in json.loads(installation.run("status", "--json"))["days"]]
    assert keys[0] == min(days)
    # After yesterday, when the demo's history ends, come today and tomorrow.
    assert max(days) in keys[-4:]


def _build(folder: Path) -> Path:
    command = ("-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps", "--no-index")
    subprocess.run([sys.executable, *command, "--wheel-dir", folder, str(PROJECT_DIR)], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _install(wheel: Path, environment: Path) -> None:
    """Install it with the locked versions of what it needs, and nothing else."""
    uv = str(Path(sys.executable).with_name("uv"))
    variables = {**os.environ, **uv_variables(pip_configuration())}
    subprocess.run(
        [uv, "venv", "--quiet", "--python", sys.executable, str(environment)],
        env=variables,
        check=True,
    )
    python = ("--python", str(environment))
    locked = ("--constraint", str(PROJECT_DIR / "requirements.lock"))
    subprocess.run(
        [uv, "pip", "install", "--quiet", *python, *locked, str(wheel)], env=variables, check=True
    )
