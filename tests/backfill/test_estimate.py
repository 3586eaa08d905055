"""Estimates of time: what past runs took, per run and per source row."""

from datetime import UTC, date, datetime

import pytest

from dagster_project.backfill.estimate import estimated_seconds, stage_costs
from dagster_project.backfill.fingerprints import rows_of
from dagster_project.backfill.ledger import LedgerRow, Status
from dagster_project.backfill.plan import Chunk
from dagster_project.partitions import Window

DAY = date(2025, 9, 1)
STAGES = ["extract", "unify"]


def row(
    stage: str, rows: int, seconds: float | None, *, run: str = "run", status: Status = "done"
) -> LedgerRow:
    moment = datetime(2025, 9, 2, tzinfo=UTC)
    fingerprint = f"executions={rows - 1}:9f jobs=1:a0"
    return LedgerRow(
        DAY, stage, status, fingerprint, "1", 1, 0, None, run, "test", moment, moment, seconds
    )


def chunk(stage: str) -> Chunk:
    return Chunk(Window.of_day(DAY), stage, source_rows=200)


def test_a_fingerprint_tells_the_rows_of_all_tables() -> None:
    assert rows_of("executions=12:9f jobs=1:a0") == 13
    assert rows_of(None) == 0


def test_the_estimate_is_what_runs_and_rows_cost_from_the_first_stage_on() -> None:
    past = [
        row("extract", 100, 2, run="a"),
        row("extract", 300, 3, run="b"),
        row("extract", 100, 1, run="b"),
        row("unify", 100, 3, run="a"),
        row("unify", 400, 12, run="b"),
    ]
    costs = stage_costs(past)
    # Runs of 100 and 400 rows: extract took 2 and 4 s, unify 3 and 12 s.
    assert estimated_seconds(chunk("unify"), costs, STAGES) == pytest.approx(6)
    assert estimated_seconds(chunk("extract"), costs, STAGES) == pytest.approx(6 + 2 + 2 / 3)


def test_a_small_run_that_took_longer_than_large_ones_makes_no_cost_negative() -> None:
    past = [row("extract", 1000, 1, run="a"), row("extract", 10, 3, run="b")]
    cost = stage_costs(past)["extract"]
    assert cost.per_row == 0
    assert cost.per_run == pytest.approx(2)


def test_of_one_past_run_all_time_is_taken_by_its_rows() -> None:
    costs = stage_costs([row("extract", 100, 1), row("extract", 300, 3), row("unify", 400, 2)])
    assert estimated_seconds(chunk("extract"), costs, STAGES) == pytest.approx(3)


def test_without_a_timed_run_of_a_stage_there_is_no_estimate() -> None:
    costs = stage_costs([row("extract", 100, 1), row("unify", 100, 2, status="failed")])
    assert estimated_seconds(chunk("extract"), costs, STAGES) is None
    assert stage_costs([row("extract", 100, None)]) == {}
