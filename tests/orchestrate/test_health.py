"""A daemon that is not there is told; one that lives, in browser/test_strangers.py."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dagster_project.cli.shared import FAILED
from dagster_project.orchestrate.health import TOLERANCE, heartbeats
from dagster_project.orchestrate.instance import dagster_instance
from dagster_project.settings import Settings
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
