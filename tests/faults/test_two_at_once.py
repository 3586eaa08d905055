"""Two backfills over the same days at once."""

from dagster_project.extract.deletions import ACCEPT
from tests.faults.conftest import Built
from tests.faults.faults import barred
from tests.faults.scenario import Scenario, ended


def test_two_backfills_of_the_same_days_at_once_leave_each_row_once(
    outdated: Scenario, built: Built
) -> None:
    with (
        barred(outdated.source_owner, "public.jobs") as barrier,
        outdated.running("backfill", ACCEPT) as first,
        outdated.running("backfill", ACCEPT) as second,
    ):
        # Neither has a plan yet; from here on both go for the same days.
        barrier.reached(sessions=2)
        barrier.open()
        ended(first)
        ended(second)
    assert outdated.unfinished() == []
    assert outdated.content() == built.new
