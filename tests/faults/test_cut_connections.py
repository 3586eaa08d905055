"""Connections that end in the midst of a COPY, and a warehouse that is restarted in a stage."""

import psycopg

from dagster_project.backfill.plan import State
from dagster_project.backfill.runs import ATTEMPTS
from tests.faults.conftest import Built, Workshop
from tests.faults.faults import (
    cut,
    locked,
    meanwhile,
    pause_reads_at,
    pause_writes_at,
    paused_copy,
)
from tests.faults.scenario import Scenario
from tests.faults.source import READER

ROW = 4107
"""An execution in the midst of the source's."""


def test_a_source_that_is_cut_off_while_copying_is_read_again_by_the_same_run(
    outdated: Scenario, built: Built
) -> None:
    pause_reads_at(outdated.source_owner, "executions", ROW, READER)
    with paused_copy(outdated.source_owner) as barrier:

        def fault() -> None:
            cut(outdated.source_owner, barrier.reached())
            barrier.open()

        with meanwhile(fault):
            outdated.backfill()
    assert outdated.unfinished() == []
    assert outdated.content() == built.new


def test_a_warehouse_cut_off_in_every_attempt_fails_the_run_and_the_next_one_heals(
    outdated: Scenario, built: Built
) -> None:
    with psycopg.connect(outdated.warehouse) as connection:
        # A row that stays the same would not be written again.
        connection.execute("update raw.executions set ipfs_cid = 'other' where id = %s", (ROW,))
    before = outdated.content()
    pause_writes_at(outdated.warehouse, "raw.executions", ROW)
    with paused_copy(outdated.warehouse) as barrier:

        def fault() -> None:
            for _ in range(ATTEMPTS):
                cut(outdated.warehouse, barrier.reached())

        with meanwhile(fault):
            outdated.backfill(exit_code=1)
    assert outdated.content() == before
    assert {(day.stage, day.state) for day in outdated.unfinished()} == {("extract", State.FAILED)}
    outdated.backfill()
    assert outdated.unfinished() == []
    assert outdated.content() == built.new


def test_a_warehouse_restarted_in_a_stage_ends_the_run_and_the_next_one_resumes_there(
    workshop: Workshop, outdated: Scenario, built: Built
) -> None:
    with locked(outdated.warehouse, "intermediate.int_executions__resolved") as barrier:

        def fault() -> None:
            barrier.reached()
            workshop.restart()

        with meanwhile(fault):
            outdated.backfill(exit_code=1)
    assert {day.stage for day in outdated.unfinished()} == {"unify"}
    outdated.backfill()
    assert outdated.unfinished() == []
    assert outdated.content() == built.new
