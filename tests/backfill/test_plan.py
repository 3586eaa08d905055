"""The plan: pure decisions over a ledger and fingerprints."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dagster_project.backfill.ledger import LedgerRow, Status
from dagster_project.backfill.plan import DayPlan, State, chunks, days_in, plan_days

DAY = date(2025, 9, 1)
VERSIONS = {"extract": "1", "unify": "a"}


def row(
    stage: str = "extract",
    status: Status = "done",
    fingerprint: str | None = "f",
    version: str = "1",
    day: date = DAY,
) -> LedgerRow:
    moment = datetime(2025, 9, 2, tzinfo=UTC)
    error = "bad row" if status in ("failed", "quarantined") else None
    return LedgerRow(
        day, stage, status, fingerprint, version, 1, 1, error, "run-1", "test", moment, moment, 1.0
    )


def done() -> list[LedgerRow]:
    return [row(), row("unify", version="a")]


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
    day = only_day({DAY: "f"}, [row(), row("unify", version="b")])
    assert (day.state, day.stage, day.source_changed) == (State.STALE, "unify", False)


def test_a_quarantined_day_stays_so_and_tells_that_its_source_changed() -> None:
    day = only_day({DAY: "g"}, [row(status="quarantined")])
    assert (day.state, day.reason, day.source_changed) == (State.QUARANTINED, "bad row", True)


def test_a_running_day_is_left_alone_while_its_run_holds_its_lock() -> None:
    assert only_day({DAY: "f"}, [row(status="running")], (DAY,)).state is State.RUNNING


def test_a_running_day_of_a_dead_run_is_stale() -> None:
    assert only_day({DAY: "f"}, [row(status="running")]).state is State.STALE


def test_a_stage_that_was_never_done_is_where_the_day_starts_again() -> None:
    day = only_day({DAY: "f"}, [row()])
    assert (day.state, day.stage) == (State.MISSING, "unify")


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
