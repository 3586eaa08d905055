"""Isolation of bad days: halving, spans, transient errors."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.backfill import runs
from dagster_project.backfill.runs import isolate, spans
from dagster_project.partitions import Window

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

    assert len(isolate(window(4), attempt)) == 4
    assert attempts == [window(4)] * runs.ATTEMPTS


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
