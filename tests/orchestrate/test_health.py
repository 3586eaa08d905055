"""A daemon that is not there is told; one that lives, in browser/test_strangers.py."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dagster_project.cli.shared import FAILED
from dagster_project.orchestrate.health import TOLERANCE, heartbeats
from dagster_project.orchestrate.instance import dagster_instance
from dagster_project.paths import PROJECT_DIR
from dagster_project.settings import Settings
from tests.browser.driver import HOST, serve
from tests.command import beacon
from tests.faults.faults import until

DAEMON = (str(Path(sys.executable).with_name("dagster-daemon")), "run", "--empty-workspace")


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The home of an instance whose daemon lived, and ended."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    settings = Settings(home=tmp_path)
    with dagster_instance(settings) as instance:
        monkeypatch.setenv("DAGSTER_HOME", str(settings.instance_folder))
        with subprocess.Popen(DAEMON) as daemon:
            until(
                lambda: all(one.is_live for one in heartbeats(instance, datetime.now(UTC))) or None
            )
            daemon.terminate()
        monkeypatch.delenv("DAGSTER_HOME")
        yield tmp_path


def test_a_daemon_that_beats_no_more_is_dead_after_a_while(ran: Path) -> None:
    with dagster_instance(Settings(home=ran)) as instance:
        later = heartbeats(instance, datetime.now(UTC) + TOLERANCE + timedelta(seconds=1))
    assert later
    assert not any(one.is_live for one in later)


def test_a_daemon_that_never_ran_is_an_exit_code(tmp_path: Path) -> None:
    finished = beacon("health", "--json", home=tmp_path)
    assert finished.returncode == FAILED
    assert {one["last_seen"] for one in json.loads(finished.stdout).values()} == {None}
    assert "beacon ui" in finished.stderr


def test_a_monitor_is_told_that_no_daemon_lives(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with dagster_instance(settings):
        environment = {**os.environ, "DAGSTER_HOME": str(settings.instance_folder)}
    server = [sys.executable, "-m", "dagster_project.orchestrate.webserver", "--empty-workspace"]
    options = ["--host", HOST, "--port", "{port}"]
    with serve([*server, *options], environment, tmp_path / "log", PROJECT_DIR) as address:
        connection = HTTPConnection(HOST, urlsplit(address).port, timeout=60)
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        parts = json.load(answer)
        connection.close()
    assert answer.status == 503
    assert not any(part["live"] for part in parts.values())
