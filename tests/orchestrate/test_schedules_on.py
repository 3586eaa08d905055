"""``BEACON_SCHEDULES`` in Dagster's own commands, which load what `beacon ui` loads."""

import os
import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.definitions import defs

RUNNING_SCHEDULE, RUNNING_SENSOR = dg.DefaultScheduleStatus.RUNNING, dg.DefaultSensorStatus.RUNNING
TICKING = {"history", "hourly_checks", "nightly", "source_changes"}


@pytest.fixture
def statuses(tmp_path: Path) -> dict[str, str]:
    """What Dagster shows of each schedule and sensor after somebody has stopped `nightly`."""
    dagster("schedule", "stop", "nightly", home=tmp_path)
    shown = [dagster(kind, "list", home=tmp_path) for kind in ("schedule", "sensor")]
    return dict(re.findall(r"^(?:Schedule|Sensor): (\w+) \[(\w+)\]", "".join(shown), re.MULTILINE))


def dagster(*arguments: str, home: Path) -> str:
    finished = subprocess.run(
        [
            Path(sys.executable).with_name("dagster"),
            *arguments,
            "-m",
            "dagster_project.definitions",
        ],
        env={**os.environ, "DAGSTER_HOME": str(home), "BEACON_SCHEDULES": "on"},
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout


def test_one_variable_starts_all_but_what_a_person_stopped(statuses: dict[str, str]) -> None:
    running = {name for name, status in statuses.items() if status == "RUNNING"}
    assert running == TICKING - {"nightly"}


def test_nothing_ticks_without_the_variable() -> None:
    found = defs.get_repository_def()
    ticking = [
        *(one.name for one in found.schedule_defs if one.default_status is RUNNING_SCHEDULE),
        *(one.name for one in found.sensor_defs if one.default_status is RUNNING_SENSOR),
    ]
    assert ticking == []
