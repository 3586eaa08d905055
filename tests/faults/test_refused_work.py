"""A stage whose statements are refused: a time-out, rows that no rule foresees."""

import psycopg

from dagster_project.backfill.plan import State
from tests.faults.conftest import Built
from tests.faults.faults import allow_writes, refuse_writes
from tests.faults.scenario import Scenario
from tests.faults.source import CHANGED, MOVED_TO


def test_a_time_out_stops_only_the_day_that_it_hits(outdated: Scenario, built: Built) -> None:
    url = outdated.warehouse
    shorten = "perform set_config('statement_timeout', '200ms', true);"
    refuse_writes(url, "raw.jobs", CHANGED, shorten)
    refuse_writes(url, "raw.executions", CHANGED, "perform pg_sleep(600);")
    outdated.backfill(exit_code=3)
    reasons = {day.job_day: (day.stage, day.reason) for day in outdated.unfinished()}
    assert set(reasons) == {CHANGED}
    assert reasons[CHANGED][0] == "extract"
    assert "statement timeout" in reasons[CHANGED][1]
    for relation in ("raw.jobs", "raw.executions"):
        allow_writes(url, relation)
    outdated.backfill()
    assert outdated.unfinished() == []
    assert outdated.content() == built.new


def test_two_jobs_of_one_name_stop_their_day_until_one_is_gone(
    outdated: Scenario, built: Built
) -> None:
    with psycopg.connect(outdated.source_owner) as connection:
        connection.execute(
            "alter table jobs drop constraint jobs_jobspec_id_key;"
            " insert into jobs (id, jobspec_id, jobspec_data, status, created_at, updated_at)"
            " select 999, jobspec_id, jobspec_data, status, created_at, updated_at"
            f" from jobs where created_at = '{MOVED_TO}'"
        )
    day = MOVED_TO.isoformat()
    outdated.backfill("--from", day, "--to", day, exit_code=3)
    (bad,) = (found for found in outdated.plan() if found.job_day == MOVED_TO)
    assert (bad.state, bad.stage) == (State.QUARANTINED, "unify")
    assert "bias-detection-51" in bad.reason
    with psycopg.connect(outdated.source_owner) as connection:
        connection.execute("delete from jobs where id = 999")
    outdated.backfill()
    assert outdated.unfinished() == []
    assert outdated.content() == built.new
