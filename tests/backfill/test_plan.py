"""The plan: pure decisions over a ledger and fingerprints."""

from datetime import UTC, date, datetime, timedelta
from math import ceil
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from dagster_project.backfill.fingerprints import Source, rows_of
from dagster_project.backfill.ledger import LedgerRow
from dagster_project.backfill.plan import (
    CHUNK_DAYS,
    Chunk,
    DayPlan,
    Plan,
    State,
    chunks,
    days_in,
    estimated_seconds,
    plan_days,
    shared_chunk_days,
    with_receipts,
)
from dagster_project.backfill.stages import STAGES
from dagster_project.partitions import Window

DAY = date(2025, 9, 1)
VERSIONS = {"extract": "1", "unify": "a"}
COPIED, UNIFIED, COPIED_AGAIN = UUID(int=1), UUID(int=2), UUID(int=3)


MOMENT = datetime(2025, 9, 2, tzinfo=UTC)
ROW = LedgerRow(
    job_day=DAY,
    stage="extract",
    status="done",
    source_fingerprint="f",
    method_version="1",
    row_count=1,
    attempts=1,
    error=None,
    run_id="run-1",
    reason="test",
    started_at=MOMENT,
    finished_at=MOMENT,
    seconds=1.0,
    build_id=COPIED,
    built_from=None,
)


def row(stage: str = "extract", **changes: object) -> LedgerRow:
    return LedgerRow(**{**vars(ROW), "stage": stage, **changes})


def unified(version: str = "a") -> LedgerRow:
    made_by = {"source_fingerprint": None, "method_version": version}
    return row("unify", build_id=UNIFIED, built_from=COPIED, **made_by)


def done() -> list[LedgerRow]:
    return [row(), unified()]


def only_day(
    source: dict[date, str], rows: list[LedgerRow], locked_days: tuple[date, ...] = ()
) -> DayPlan:
    (day,) = plan_days(source, rows, VERSIONS, locked_days)
    return day


def test_a_day_without_ledger_rows_is_missing_from_the_first_stage_on() -> None:
    day = only_day({DAY: "f"}, [])
    assert (day.state, day.stage) == (State.MISSING, "extract")


def test_a_day_whose_stages_match_the_source_and_the_rules_is_current() -> None:
    assert only_day({DAY: "f"}, done()).state is State.CURRENT


def test_a_changed_source_makes_a_day_stale_from_extract_on() -> None:
    day = only_day({DAY: "g"}, done())
    assert (day.state, day.stage, day.source_changed) == (State.STALE, "extract", True)


def test_a_day_that_vanished_from_the_source_is_stale() -> None:
    assert only_day({}, done()).state is State.STALE


def test_a_new_method_makes_a_day_stale_without_extracting_again() -> None:
    day = only_day({DAY: "f"}, [row(), unified("b")])
    assert (day.state, day.stage, day.source_changed) == (State.STALE, "unify", False)


def test_a_day_that_waits_for_the_semantic_measure_is_stale_from_the_scores_on() -> None:
    copied, scored = row(), row("score", build_id=UNIFIED, built_from=COPIED)
    versions = {"extract": "1", "score": "1"}
    (day,) = plan_days({DAY: "f"}, [copied, scored], versions, (), {DAY})
    assert (day.state, day.stage) == (State.STALE, "score")


def test_whatever_an_archived_day_waits_for_begins_with_the_extract() -> None:
    rows = [row(), unified("b")]
    (stale,) = with_receipts(plan_days({DAY: "f"}, rows, VERSIONS, ()), {DAY})
    assert (stale.state, stale.stage) == (State.STALE, "extract")
    current = plan_days({DAY: "f"}, done(), VERSIONS, ())
    assert with_receipts(current, {DAY}) == current
    running = plan_days({DAY: "f"}, rows, VERSIONS, (DAY,))
    assert with_receipts(running, {DAY}) == running


def test_a_quarantined_day_stays_so_and_tells_that_its_source_changed() -> None:
    day = only_day({DAY: "g"}, [row(status="quarantined", error="bad row")])
    assert (day.state, day.reason, day.source_changed) == (State.QUARANTINED, "bad row", True)


def test_a_running_day_is_left_alone_while_its_run_holds_its_lock() -> None:
    assert only_day({DAY: "f"}, [row(status="running")], (DAY,)).state is State.RUNNING


def test_a_running_day_of_a_dead_run_is_stale() -> None:
    assert only_day({DAY: "f"}, [row(status="running")]).state is State.STALE


def test_a_stage_that_was_never_done_is_where_the_day_starts_again() -> None:
    day = only_day({DAY: "f"}, [row()])
    assert (day.state, day.stage) == (State.MISSING, "unify")


def test_a_stage_is_stale_when_what_it_was_made_of_was_done_again() -> None:
    day = only_day({DAY: "f"}, [row(build_id=COPIED_AGAIN), unified()])
    assert (day.state, day.stage, day.source_changed) == (State.STALE, "unify", False)


def test_a_stage_of_an_older_release_that_names_no_origin_is_stale() -> None:
    day = only_day({DAY: "f"}, [row(build_id=None), unified()])
    assert (day.state, day.stage) == (State.STALE, "unify")


def past_run(run: str, rows: int, seconds: float) -> list[LedgerRow]:
    """Rows of a run that did one day with so many source rows, in so many seconds a stage."""
    day = DAY + timedelta(days=len(run))
    copied = f"executions={rows - 1}:9f jobs=1:a0"
    return [
        row(stage.name, source_fingerprint=copied, job_day=day, run_id=run, seconds=seconds)
        for stage in STAGES
    ]


def estimate(rows: int, *past: list[LedgerRow]) -> float | None:
    chunk = Chunk(Window.of_day(DAY), STAGES[0].name, source_rows=rows)
    return estimated_seconds(
        chunk, Plan([], [row for run in past for row in run], {}, Source(None, {}))
    )


def test_a_fingerprint_tells_the_rows_of_all_tables() -> None:
    assert rows_of("executions=12:9f jobs=1:a0") == 13
    assert rows_of(None) == 0


def test_a_run_is_said_to_take_what_the_middle_one_of_like_size_took() -> None:
    runs = [past_run("a", 100, 2), past_run("bb", 110, 3), past_run("ccc", 120, 9)]
    assert estimate(80, *runs, past_run("dddd", 9_000, 100)) == 3 * len(STAGES)


def test_without_a_run_of_like_size_a_smaller_one_counts_in_proportion() -> None:
    assert estimate(1_000, past_run("a", 100, 2)) == 10 * 2 * len(STAGES)
    assert estimate(1, past_run("a", 100, 2)) == 2 * len(STAGES)


def test_without_a_run_of_all_stages_there_is_no_estimate() -> None:
    assert estimate(100) is None
    assert estimate(100, past_run("a", 100, 2)[1:]) is None


offsets = st.integers(min_value=0, max_value=60)
plans = st.dictionaries(
    offsets, st.sampled_from([(State.MISSING, "extract"), (State.STALE, "unify"), None])
).map(
    lambda found: [
        DayPlan(
            DAY + timedelta(days=offset),
            choice[0] if choice else State.CURRENT,
            choice[1] if choice else None,
            "",
            "f",
            source_changed=False,
        )
        for offset, choice in sorted(found.items())
    ]
)


@given(st.integers(min_value=1, max_value=3_000), st.integers(min_value=2, max_value=64))
def test_workers_side_by_side_find_two_chunks_each_where_there_are_days_enough(
    days: int, workers: int
) -> None:
    chunk_days = shared_chunk_days(days, workers)
    assert 1 <= chunk_days <= CHUNK_DAYS
    # With fewer days rounding may take a chunk away.
    if days >= 4 * workers**2:
        assert ceil(days / chunk_days) >= 2 * workers


@given(plans, st.integers(min_value=1, max_value=40))
def test_chunks_cover_each_wanted_day_once_and_touch_no_other_known_day(
    plan: list[DayPlan], chunk_days: int
) -> None:
    wanted = days_in(plan, {State.MISSING, State.STALE})
    covered = [day for chunk in chunks(plan, wanted, chunk_days) for day in chunk.window.days]
    known = {day.job_day for day in plan}
    assert sorted(set(covered) & known) == sorted(wanted)
    assert len(covered) == len(set(covered))


@given(plans, st.integers(min_value=1, max_value=40))
def test_a_chunk_spans_at_most_its_days_and_starts_at_one_stage(
    plan: list[DayPlan], chunk_days: int
) -> None:
    stages = {day.job_day: day.stage for day in plan}
    wanted = days_in(plan, {State.MISSING, State.STALE})
    for chunk in chunks(plan, wanted, chunk_days):
        assert len(chunk.window.days) <= chunk_days
        assert {stages[day] for day in chunk.window.days if day in wanted} == {chunk.stage}
