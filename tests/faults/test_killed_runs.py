"""``beacon backfill`` killed with SIGKILL in each stage."""

import pytest

from dagster_project.backfill.plan import State
from dagster_project.backfill.stages import STAGES
from dagster_project.extract.deletions import ACCEPT
from dagster_project.stage import Stage
from tests.faults.conftest import Built, sampled
from tests.faults.faults import locked, until
from tests.faults.scenario import Scenario


@pytest.mark.parametrize("stage", sampled(STAGES, 2), ids=lambda stage: stage.name)
def test_a_run_killed_in_a_stage_leaves_no_half_table_and_is_resumed_in_that_stage(
    stage: Stage, outdated: Scenario, built: Built
) -> None:
    with (
        locked(outdated.warehouse, stage.relations[-1]) as barrier,
        outdated.running("backfill", ACCEPT) as run,
    ):
        barrier.reached()
        run.kill()
    # The server needs a moment to notice that a session's other end is gone.
    until(lambda: outdated.days(State.RUNNING) == [])
    content = outdated.content()
    for relation in {name for one in STAGES for name in one.relations}:
        assert content[relation] in {built.old[relation], built.new[relation]}, relation
    assert {day.stage for day in outdated.unfinished()} == {stage.name}
    outdated.backfill()
    assert outdated.unfinished() == []
    assert outdated.content() == built.new
