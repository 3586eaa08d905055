"""The local Dagster instance, opened for the first time by several commands at once."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from dagster_project.orchestrate.instance import dagster_instance
from dagster_project.settings import Settings

PROCESSES = 4

_together: list[Barrier] = []


def test_the_first_commands_may_open_the_instance_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    context = get_context("spawn")
    start = context.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, context, _meet_at, (start,)) as commands:
        assert list(commands.map(_runs, [tmp_path] * PROCESSES)) == [0] * PROCESSES


def _meet_at(start: Barrier) -> None:
    _together.append(start)


def _runs(home: Path) -> int:
    """Open the instance when the other processes do, and count its runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DAGSTER_HOME", raising=False)
        _together[0].wait()
        with dagster_instance(Settings(home=home)) as instance:
            return instance.get_runs_count()
