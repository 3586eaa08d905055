"""Estimates of time: what past runs took per source row."""

from datetime import UTC, date, datetime

from dagster_project.backfill.estimate import estimated_seconds, seconds_per_row
from dagster_project.backfill.fingerprints import rows_of
from dagster_project.backfill.ledger import LedgerRow, Status
from dagster_project.backfill.plan import Chunk
from dagster_project.partitions import Window

DAY = date(2025, 9, 1)
STAGES = ["extract", "unify"]


def row(stage: str, rows: int, seconds: float | None, status: Status = "done") -> LedgerRow:
    moment = datetime(2025, 9, 2, tzinfo=UTC)
    fingerprint = f"executions={rows - 1}:9f jobs=1:a0"
    return LedgerRow(
        DAY, stage, status, fingerprint, "1", 1, 0, None, "run", "test", moment, moment, seconds
    )


def chunk(stage: str) -> Chunk:
    return Chunk(Window.of_day(DAY), stage, source_rows=200)


def test_a_fingerprint_tells_the_rows_of_all_tables() -> None:
    assert rows_of("executions=12:9f jobs=1:a0") == 13
    assert rows_of(None) == 0


def test_the_estimate_is_the_rows_times_what_a_row_cost_from_the_first_stage_on() -> None:
    costs = seconds_per_row([row("extract", 100, 1), row("unify", 100, 2), row("unify", 300, 2)])
    assert costs == {"extract": 0.01, "unify": 0.01}
    assert estimated_seconds(chunk("extract"), costs, STAGES) == 4
    assert estimated_seconds(chunk("unify"), costs, STAGES) == 2


def test_without_a_timed_run_of_a_stage_there_is_no_estimate() -> None:
    costs = seconds_per_row([row("extract", 100, 1), row("unify", 100, 2, status="failed")])
    assert estimated_seconds(chunk("extract"), costs, STAGES) is None
    assert seconds_per_row([row("extract", 100, None)]) == {}
