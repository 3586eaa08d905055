"""Isolation of bad days: halving, spans, transient errors."""

import errno
import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.backfill import runs
from dagster_project.backfill.runs import SPAN_DAYS, SPAN_ROWS, isolate, next_span, spans
from dagster_project.partitions import Window
from dagster_project.stage import MachineError
from dagster_project.unify.dbt_run import DbtError


def sqlite_error(words: str, code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError(words)
    error.sqlite_errorcode = code
    return error


START = date(2025, 9, 1)


def window(days: int) -> Window:
    return Window(START, START + timedelta(days=days))


def failing_on(bad: set[date], done: list[date]) -> Callable[[Window], None]:
    def attempt(asked: Window) -> None:
        if bad & set(asked.days):
            raise ValueError(str(asked))
        done.extend(asked.days)

    return attempt


@given(st.integers(1, 40), st.sets(st.integers(0, 39)))
def test_only_the_bad_days_fail_and_every_other_day_is_done_once(
    length: int, offsets: set[int]
) -> None:
    asked = window(length)
    bad = {START + timedelta(days=n) for n in offsets if n < length}
    done: list[date] = []
    found = isolate(asked, failing_on(bad, done))
    assert [one.job_day for one in found] == sorted(bad)
    assert sorted(done) == [day for day in asked.days if day not in bad]


def test_a_window_without_a_bad_day_is_done_in_one_attempt() -> None:
    attempts: list[Window] = []
    assert isolate(window(90), attempts.append) == []
    assert attempts == [window(90)]


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "FIRST_WAIT_S", 0)
    monkeypatch.setattr(runs, "LONGEST_WAIT_S", 0)


@pytest.mark.usefixtures("no_wait")
def test_a_transient_error_is_tried_again_and_never_halved() -> None:
    attempts: list[Window] = []

    def attempt(asked: Window) -> None:
        attempts.append(asked)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with pytest.raises(MachineError, match="the server does not answer"):
        isolate(window(4), attempt)
    assert attempts == [window(4)] * runs.ATTEMPTS


@pytest.mark.usefixtures("no_wait")
def test_a_deadlock_is_tried_again_and_never_halved() -> None:
    attempts: list[Window] = []

    def attempt(asked: Window) -> None:
        attempts.append(asked)
        raise psycopg.errors.DeadlockDetected

    assert len(isolate(window(4), attempt)) == 4
    assert attempts == [window(4)] * runs.ATTEMPTS


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.DiskFull("could not extend file"),
        psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT"),
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        MemoryError(),
        sqlite_error("database or disk is full", sqlite3.SQLITE_FULL),
        DbtError("model.x: Database Error", codes=["53100"]),
        DbtError("model.x: [Errno 28]", codes=[errno.ENOSPC]),
    ],
    ids=repr,
)
def test_what_the_machine_lacks_ends_the_work_at_the_first_attempt(error: Exception) -> None:
    attempts: list[Window] = []

    def attempt(asked: Window) -> None:
        attempts.append(asked)
        raise ValueError("a consequence") from error

    with pytest.raises(MachineError):
        isolate(window(4), attempt)
    assert attempts == [window(4)]


def test_a_day_is_tried_alone_twice_unless_rows_are_known_to_be_the_cause() -> None:
    for error, tries in (
        (ValueError(), 2),
        (psycopg.errors.QueryCanceled(), 2),
        (DbtError("no code"), 2),
        (psycopg.errors.UniqueViolation(), 1),
        (DbtError("model.x: Database Error", codes=["23505"]), 1),
    ):
        attempts: list[Window] = []

        def attempt(asked: Window, error: Exception = error, seen: list[Window] = attempts) -> None:
            seen.append(asked)
            raise error

        assert [bad.error for bad in isolate(window(1), attempt)] == [error]
        assert len(attempts) == tries


@pytest.mark.usefixtures("no_wait")
def test_a_transient_error_that_passes_leaves_no_bad_day() -> None:
    attempts: list[Window] = []

    def attempt(asked: Window) -> None:
        attempts.append(asked)
        if len(attempts) == 1:
            raise psycopg.errors.DeadlockDetected

    assert isolate(window(4), attempt) == []


@given(st.sets(st.integers(0, 60)))
def test_spans_cover_exactly_the_days_and_are_as_long_as_can_be(offsets: set[int]) -> None:
    days = [START + timedelta(days=n) for n in sorted(offsets)]
    found = list(spans(days))
    assert [day for span in found for day in span.days] == days
    assert all(left.end < right.start for left, right in pairwise(found))


def test_days_go_together_as_far_as_rows_and_a_months_length_allow() -> None:
    days = [START + timedelta(days=number) for number in range(92)]
    assert next_span(days, {}) == days[:SPAN_DAYS]
    heavy = dict.fromkeys(days, f"executions={SPAN_ROWS // 2}:9f")
    assert next_span(days, heavy) == days[:2]
    assert next_span(days, dict.fromkeys(days, f"executions={SPAN_ROWS + 1}:9f")) == days[:1]
