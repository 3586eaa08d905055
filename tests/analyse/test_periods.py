"""Which periods a window touches, and which others compare themselves with them."""

from datetime import date

import polars as pl
import pytest

from dagster_project.analyse.periods import compared_periods, touched_periods, with_baselines
from dagster_project.partitions import Window

START_OF_ALL = ("all", date(2025, 1, 1))


def starts(*days: int, model: str = "m") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "period_kind": ["day"] * len(days),
            "model_id": [model] * len(days),
            "period_start": [date(2025, 11, day) for day in days],
        }
    )


def days_of(periods: pl.DataFrame) -> list[int]:
    return sorted(start.day for start in periods["period_start"])


def days(first: int, last: int) -> list[date]:
    return [date(2025, 11, day) for day in range(first, last + 1)]


@pytest.mark.parametrize(
    ("day", "monday", "first"),
    [
        (date(2025, 12, 29), date(2025, 12, 29), date(2025, 12, 1)),
        (date(2026, 1, 1), date(2025, 12, 29), date(2026, 1, 1)),
        (date(2028, 2, 29), date(2028, 2, 28), date(2028, 2, 1)),
    ],
)
def test_a_day_lies_in_its_day_week_and_month_and_in_everything(
    day: date, monday: date, first: date
) -> None:
    found = {(one.kind, one.start) for one in touched_periods(Window.of_day(day))}
    assert found == {("day", day), ("iso_week", monday), ("month", first), START_OF_ALL}
    assert all(one.start <= day < one.end for one in touched_periods(Window.of_day(day)))


def test_a_window_touches_each_of_its_periods_once() -> None:
    kinds = [one.kind for one in touched_periods(Window(date(2025, 11, 1), date(2026, 1, 1)))]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "all": 1,
        "day": 61,
        "iso_week": 10,
        "month": 2,
    }


def test_a_touched_day_is_compared_and_the_four_with_data_that_follow_it() -> None:
    compared = compared_periods(starts(1, 2, 3, 5, 8, 9, 10, 11), days(3, 4))
    assert days_of(compared) == [3, 5, 8, 9, 10]


def test_each_series_has_its_own_four_that_follow() -> None:
    sparse = starts(3, 20, 21, model="sparse")
    compared = compared_periods(pl.concat([starts(3, 4, 5, 6, 7, 8), sparse]), days(3, 3))
    assert days_of(compared) == [3, 4, 5, 6, 7, 20, 21]


def test_a_day_that_lost_its_data_is_not_compared_but_those_after_it_are() -> None:
    assert days_of(compared_periods(starts(1, 2, 4), days(3, 3))) == [4]


def test_four_days_with_data_before_the_first_compared_one_are_needed() -> None:
    known = starts(1, 2, 3, 5, 8, 9, 10)
    needed = with_baselines(known, compared_periods(known, days(9, 9)))
    assert days_of(needed) == [2, 3, 5, 8, 9, 10]


def test_nothing_is_compared_where_no_series_has_data() -> None:
    assert compared_periods(starts(), days(1, 1)).is_empty()
