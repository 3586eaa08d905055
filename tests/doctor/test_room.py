"""Whether the doctor compares free space with what the waiting days will take."""

import pytest

from dagster_project.backfill.plan import State
from dagster_project.doctor import room
from dagster_project.doctor.finding import Level
from dagster_project.settings import Settings
from tests.pipeline import Pipeline


def test_disks_without_room_for_the_waiting_days_fail(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    settings = Settings(home=pipeline.home)

    def levels() -> list[Level]:
        return [one.level for one in room.room_findings(pipeline.databases, settings)]

    assert levels() == [Level.OK, Level.OK]
    monkeypatch.setattr(room, "HISTORY_BYTES", 10**18)
    monkeypatch.setattr(room, "TO_DO", frozenset(State))
    monkeypatch.setattr(room, "ROW_BYTES", 10**15)
    assert levels() == [Level.FAIL, Level.FAIL]
