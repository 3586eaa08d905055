"""A source that has lost rows: truncated, half restored, or deleted on purpose."""

from collections.abc import Callable

import psycopg

from dagster_project.backfill.plan import State
from tests.faults.conftest import BUILT_OLD, OLD, Built, Workshop
from tests.faults.scenario import Scenario
from tests.faults.source import DELETED, LATE


def test_a_day_that_vanished_keeps_its_rows_until_its_deletion_is_accepted(
    outdated: Scenario, built: Built
) -> None:
    for _ in range(2):
        printed = outdated.backfill(exit_code=3, accepts_deletions=False).output
        assert DELETED.isoformat() in printed
        assert outdated.days(State.QUARANTINED) == [DELETED]
        assert [day.job_day for day in outdated.unfinished()] == [DELETED]
    (day,) = outdated.unfinished()
    assert "--accept-deletions" in day.reason
    with psycopg.connect(outdated.warehouse) as connection:
        found = connection.execute("select from raw.jobs where job_day = %s", (DELETED,))
        assert found.rowcount == 3
    outdated.backfill()
    assert outdated.unfinished() == []
    assert outdated.content() == built.new


def test_a_source_that_lost_most_of_its_days_is_not_believed_in_anything(
    new_scenario: Callable[[str, str], Scenario], built: Built
) -> None:
    scenario = new_scenario(OLD, BUILT_OLD)
    with psycopg.connect(scenario.source_owner) as connection:
        connection.execute("delete from executions; delete from diffs")
        connection.execute("delete from cross_region_executions")
        connection.execute("delete from jobs where created_at::date <> %s", (LATE,))
    for days in ([], ["--from", LATE.isoformat()]):
        printed = scenario.backfill(*days, exit_code=1, accepts_deletions=False).output
        assert "--accept-deletions" in printed
        assert DELETED.isoformat() in printed
        assert "Traceback" not in printed
    assert scenario.content() == built.old
    scenario.backfill()
    assert scenario.unfinished() == []
    with psycopg.connect(scenario.warehouse) as connection:
        found = connection.execute("select distinct job_day from raw.jobs").fetchall()
    assert found == [(LATE,)]


def test_a_copy_of_the_source_in_its_place_is_read_anew(workshop: Workshop, built: Built) -> None:
    workshop.create("restored_source", OLD)
    workshop.create("restored_warehouse", BUILT_OLD)
    scenario = workshop.scenario("restored_source", "restored_warehouse")
    days = scenario.plan()
    assert {day.state for day in days} == {State.STALE}
    assert {day.reason for day in days} == {
        "the source is another database than the one that was read"
    }
    scenario.backfill(accepts_deletions=False)
    assert scenario.unfinished() == []
    assert scenario.content() == built.old
