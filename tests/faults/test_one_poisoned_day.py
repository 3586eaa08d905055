"""A month of days of which one cannot be processed, as an operator meets it."""

import json
from collections import Counter
from datetime import date

import dagster as dg
import psycopg
import pytest

from dagster_project.backfill import ledger
from dagster_project.backfill.plan import State
from dagster_project.orchestrate.instance import dagster_instance
from dagster_project.postgres import connect
from dagster_project.settings import Settings
from tests.faults.conftest import STRUCTURE, Workshop
from tests.faults.scenario import Scenario
from tests.faults.source import create_source, days_from

DAYS = days_from(date(2025, 8, 1), 31)
POISONED = DAYS[20]
DOUBLED = 21101
REASON = "duplicate key value violates unique constraint"


@pytest.fixture
def month(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """A source of which a careless restore doubled a row."""
    create_source(workshop.create("month_source"), DAYS)
    workshop.create("month_warehouse", STRUCTURE)
    scenario = workshop.scenario("month_source", "month_warehouse")
    with psycopg.connect(scenario.source_owner) as connection:
        connection.execute(
            "alter table executions drop constraint executions_pkey;"
            f" insert into executions select * from executions where id = {DOUBLED}"
        )
    monkeypatch.setenv("DAGSTER_HOME", str(scenario.dagster_home))
    return scenario


def test_one_poisoned_day_of_a_month_is_quarantined_shown_and_repaired_alone(
    month: Scenario,
) -> None:
    month.finish("backfill", exit_code=3)
    states = Counter(day.state for day in month.plan())
    assert states == {State.CURRENT: len(DAYS) - 1, State.QUARANTINED: 1}
    assert month.days(State.QUARANTINED) == [POISONED]
    _assert_the_reason_is_shown(month)

    with psycopg.connect(month.source_owner) as connection:
        connection.execute(
            "delete from executions where ctid ="
            f" (select max(ctid) from executions where id = {DOUBLED})"
        )
    before = _ledger(month)
    month.finish("backfill", "--only", "failed")
    after = _ledger(month)
    assert {key for key, row in after.items() if row != before.get(key)} == {
        (POISONED, stage) for stage in {row.stage for row in after.values()}
    }
    assert month.unfinished() == []
    with dagster_instance(Settings(home=month.home)) as instance:
        repair = instance.get_runs(limit=1)[0]
        done = instance.all_logs(repair.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert repair.status is dg.DagsterRunStatus.SUCCESS
    partitions = {entry.dagster_event.partition for entry in done if entry.dagster_event}
    assert partitions == {POISONED.isoformat()}


def _assert_the_reason_is_shown(scenario: Scenario) -> None:
    row = _ledger(scenario)[POISONED, "extract"]
    assert row.error is not None
    assert REASON in row.error
    assert str(DOUBLED) in row.error

    printed = scenario.finish("status", COLUMNS="300")
    (line,) = (line for line in printed.splitlines() if str(POISONED) in line)
    assert row.error in line

    document = json.loads(scenario.finish("status", "--json"))
    (shown,) = (day for day in document["days"] if day["state"] == "quarantined")
    assert (shown["job_day"], shown["reason"]) == (str(POISONED), row.error)

    with dagster_instance(Settings(home=scenario.home)) as instance:
        (run,) = instance.get_runs()
        (failure,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        meant = instance.all_logs(
            run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
        )
    # Dagster shows as failed what was meant to be made and was not.
    failed_days = {entry.dagster_event.partition for entry in meant if entry.dagster_event}
    assert failed_days - {None} == {str(POISONED)}
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert failure.dagster_event is not None
    failed = failure.dagster_event.step_failure_data.error
    assert failed is not None
    assert f"{POISONED}: {row.error.partition(': ')[2]}" in failed.to_string()


def _ledger(scenario: Scenario) -> dict[tuple[date, str], ledger.LedgerRow]:
    with connect(scenario.warehouse, application="test") as connection:
        return {(row.job_day, row.stage): row for row in ledger.read(connection)}
