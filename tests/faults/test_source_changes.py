"""Days that change, vanish and come back between runs; clocks, and rules that change."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from dagster_project import score
from dagster_project.backfill import ledger
from dagster_project.backfill.stages import present_versions
from dagster_project.postgres import connect
from dagster_project.score import window as score_window
from dagster_project.unify.setup import set_up_warehouse
from tests.faults.conftest import BUILT_NEW, BUILT_OLD, NEW, OLD, STRUCTURE, Built
from tests.faults.scenario import Scenario
from tests.faults.source import change, put_back


def test_days_that_change_vanish_and_come_back_are_followed_each_time(
    new_scenario: Callable[[str, str], Scenario], built: Built
) -> None:
    scenario = new_scenario(OLD, BUILT_OLD)
    change(scenario.source_owner)
    scenario.backfill()
    assert scenario.unfinished() == []
    assert scenario.content() == built.new
    put_back(scenario.source_owner)
    scenario.backfill()
    assert scenario.unfinished() == []
    assert scenario.content() == built.old


def test_time_zones_of_servers_and_clients_move_no_row_to_another_day(
    new_scenario: Callable[[str, str], Scenario], built: Built
) -> None:
    scenario = new_scenario(NEW, STRUCTURE)
    _set_time_zone(scenario.source_owner, "America/New_York")
    _set_time_zone(scenario.warehouse, "Asia/Kolkata")
    scenario.finish("backfill", TZ="Asia/Kolkata", PGTZ="America/New_York")
    assert scenario.unfinished() == []
    assert scenario.content() == built.new


def test_a_new_method_scores_every_day_again_and_extracts_none(
    new_scenario: Callable[[str, str], Scenario], built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = new_scenario(NEW, BUILT_NEW)
    runs = _runs_of_stages(scenario)
    with monkeypatch.context() as patch:
        for module in (score, score_window):
            patch.setattr(module, "METHOD_VERSION", "next")
        set_up_warehouse(scenario.warehouse, present_versions())
        assert {day.stage for day in scenario.plan()} == {"score"}
        scenario.backfill()
        assert scenario.unfinished() == []
    untouched = {stage for stage, run in _runs_of_stages(scenario).items() if run == runs[stage]}
    assert untouched == {"extract", "unify"}
    assert _methods(scenario) == {"next"}
    # The numbers are those of a new build again when the method is.
    set_up_warehouse(scenario.warehouse, present_versions())
    scenario.backfill()
    assert scenario.content() == built.new


def _set_time_zone(url: str, zone: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            sql.SQL("alter database {} set timezone = {}").format(
                sql.Identifier(connection.info.dbname), sql.Literal(zone)
            )
        )


def _methods(scenario: Scenario) -> set[object]:
    with psycopg.connect(scenario.warehouse) as connection:
        found = connection.execute("select distinct method_version from scores.answers").fetchall()
    return {version for (version,) in found}


def _runs_of_stages(scenario: Scenario) -> dict[str, set[str | None]]:
    with connect(scenario.warehouse, application="test") as connection:
        rows = ledger.read(connection)
    return {
        stage: {row.run_id for row in rows if row.stage == stage}
        for stage in {row.stage for row in rows}
    }
