"""What lies on the disk and on the screen is for the operator alone."""

import os
import stat
from pathlib import Path

import pytest

from tests.command import beacon
from tests.pipeline import Pipeline


@pytest.fixture
def urls(pipeline: Pipeline) -> dict[str, str]:
    return {
        "BEACON_RUNNER_URL": pipeline.databases.runner,
        "BEACON_WAREHOUSE_URL": pipeline.databases.warehouse,
    }


def test_local_state_is_closed_to_others_whatever_the_umask(
    urls: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o777)
    umask = os.umask(0)
    try:
        finished = beacon("report", home=home, **urls)
    finally:
        os.umask(umask)
    assert finished.returncode == 0, finished.stderr
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_psql_opens_the_warehouse_without_showing_a_password(
    urls: dict[str, str], tmp_path: Path
) -> None:
    query = "select current_database() = 'pipeline_warehouse'"
    finished = beacon("psql", "-Atc", query, home=tmp_path, **urls)
    assert (finished.returncode, finished.stdout) == (0, "t\n"), finished.stderr
