"""``beacon backfill`` asked to stop, by one SIGINT, in the middle and at the end of its work."""

import signal

import pytest

from dagster_project.backfill.plan import State
from dagster_project.backfill.stages import STAGES
from dagster_project.extract.deletions import ACCEPT
from dagster_project.stage import Stage
from tests.faults.conftest import Built
from tests.faults.faults import locked
from tests.faults.scenario import Scenario, ended

# Not the first: after its events Dagster's own handler stands where ours was.
MIDDLE, END = STAGES[2], STAGES[-1]


@pytest.mark.parametrize(("stage", "exit_code"), [(MIDDLE, 130), (END, 0)], ids=["middle", "end"])
def test_a_run_that_is_asked_to_stop_finishes_the_stage_in_work_and_begins_no_other(
    stage: Stage, exit_code: int, outdated: Scenario, built: Built
) -> None:
    waiting = outdated.days(State.STALE, State.MISSING)
    with (
        locked(outdated.warehouse, stage.relations[-1]) as barrier,
        outdated.running("backfill", ACCEPT) as run,
    ):
        barrier.reached()
        run.send_signal(signal.SIGINT)
        barrier.open()
        ended(run, exit_code)
    ahead = STAGES[STAGES.index(stage) + 1 :]
    left = {(day.job_day, day.stage) for day in outdated.unfinished()}
    assert left == ({(day, ahead[0].name) for day in waiting} if ahead else set())
    outdated.backfill()
    assert outdated.unfinished() == []
    assert outdated.content() == built.new
