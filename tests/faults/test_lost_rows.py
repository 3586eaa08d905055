"""A source that has lost rows: truncated, half restored, or deleted on purpose."""

from collections.abc import Callable
from datetime import date

import psycopg

from dagster_project.backfill.plan import State
from tests.faults.conftest import BUILT_OLD, OLD, Built, Workshop
from tests.faults.scenario import Scenario
from tests.faults.source import DELETED, LATE


def test_a_day_that_vanished_keeps_its_rows_until_its_deletion_is_accepted(
    outdated: Scenario,
) -> None:
    day = ["--from", DELETED.isoformat(), "--to", DELETED.isoformat()]
    for _ in range(2):
        printed = outdated.backfill(*day, exit_code=3, accepts_deletions=False).output
        assert DELETED.isoformat() in printed
        assert outdated.days(State.QUARANTINED) == [DELETED]
        assert _jobs_on(outdated, DELETED) == 3
    (bad,) = (found for found in outdated.plan() if found.job_day == DELETED)
    assert "--accept-deletions" in bad.reason
    outdated.backfill(*day)
    assert outdated.days(State.QUARANTINED) == []
    assert _jobs_on(outdated, DELETED) == 0


def test_a_source_that_lost_most_of_its_days_is_not_believed_in_anything(
    new_scenario: Callable[[str, str], Scenario], built: Built
) -> None:
    scenario = new_scenario(OLD, BUILT_OLD)
    with psycopg.connect(scenario.source_owner) as connection:
        connection.execute("delete from executions; delete from diffs")
        connection.execute("delete from cross_region_executions")
        connection.execute("delete from jobs where created_at::date <> %s", (LATE,))
    for days in ([], ["--from", DELETED.isoformat()]):
        printed = scenario.backfill(*days, exit_code=1, accepts_deletions=False).output
        assert "--accept-deletions" in printed
        assert DELETED.isoformat() in printed
        assert "Traceback" not in printed
    assert scenario.content() == built.old


def test_a_copy_in_the_place_of_the_source_is_another_source(
    workshop: Workshop, built: Built
) -> None:
    assert built.old
    workshop.create("restored_source", OLD)
    workshop.create("restored_warehouse", BUILT_OLD)
    days = workshop.scenario("restored_source", "restored_warehouse").plan()
    assert {day.state for day in days} == {State.STALE}
    assert {day.reason for day in days} == {
        "the source is another database than the one that was read"
    }


def _jobs_on(scenario: Scenario, day: date) -> int:
    with psycopg.connect(scenario.warehouse) as connection:
        return connection.execute("select from raw.jobs where job_day = %s", (day,)).rowcount
