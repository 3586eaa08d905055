"""A stage whose statements are refused: a time-out, rows that no rule foresees."""

from collections.abc import Callable

import psycopg

from dagster_project.backfill.plan import State
from tests.faults.conftest import BUILT_NEW, BUILT_OLD, NEW, OLD, Built
from tests.faults.faults import allow_writes, delete_day, refuse_writes
from tests.faults.scenario import Scenario
from tests.faults.source import CHANGED, LATE


def test_a_time_out_stops_only_the_day_that_it_hits(outdated: Scenario, built: Built) -> None:
    url = outdated.warehouse
    for relation in ("raw.jobs", "raw.executions"):
        delete_day(url, relation, CHANGED)
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


def test_rows_beside_the_window_that_vanish_in_a_run_are_seen_and_made_again(
    new_scenario: Callable[[str, str], Scenario], built: Built
) -> None:
    scenario = new_scenario(NEW, BUILT_NEW)
    # As a statement that forgets its window would do.
    gone = f"delete from scores.answers where job_day = '{LATE}';"
    delete_day(scenario.warehouse, "scores.answers", CHANGED)
    refuse_writes(scenario.warehouse, "scores.answers", CHANGED, gone)
    day = CHANGED.isoformat()
    printed = scenario.backfill("--again", "--from", day, "--to", day, exit_code=3).output
    assert "Traceback" not in printed
    (bad,) = scenario.unfinished()
    assert (bad.job_day, bad.stage, bad.state) == (LATE, "score", State.FAILED)
    assert "scores.answers" in bad.reason
    allow_writes(scenario.warehouse, "scores.answers")
    scenario.backfill()
    assert scenario.unfinished() == []
    assert scenario.content() == built.new


def test_two_rows_of_one_public_id_on_two_days_are_one_job_on_the_first(
    new_scenario: Callable[[str, str], Scenario], built: Built
) -> None:
    scenario = new_scenario(OLD, BUILT_OLD)
    with psycopg.connect(scenario.source_owner) as connection:
        connection.execute(
            "alter table jobs drop constraint jobs_jobspec_id_key;"
            " insert into jobs (id, jobspec_id, jobspec_data, status, created_at, updated_at)"
            " select 999, jobspec_id, jobspec_data, status, '2025-11-04', '2025-11-20'"
            " from jobs where id = 11;"
            " insert into executions (id, job_id, provider_id, region, status, created_at)"
            " values (9901, 999, '', 'US', 'failed', '2025-11-04')"
        )
    scenario.backfill()
    assert scenario.unfinished() == []
    with psycopg.connect(scenario.warehouse) as connection:
        jobs = connection.execute(
            "select job_day, job_number from analytics.job_status"
            " where job_id = 'bias-detection-11'"
        ).fetchall()
        executions = connection.execute(
            "select job_number, count(*) from analytics.execution_attempts"
            " where job_id = 'bias-detection-11' group by job_number order by job_number"
        ).fetchall()
    assert jobs == [(CHANGED, 999)]
    assert executions == [(11, 12), (999, 1)]
    with psycopg.connect(scenario.source_owner) as connection:
        connection.execute("delete from executions where job_id = 999")
        connection.execute("delete from jobs where id = 999")
    scenario.backfill()
    assert scenario.unfinished() == []
    assert scenario.content() == built.old
