from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from dagster_project.analyse.drift import metric_changes
from dagster_project.analyse.texts import text_effects


def texts(
    between: Sequence[float],
    within_a: Sequence[float | None],
    within_b: Sequence[float | None],
) -> dict[str, Any]:
    distances = pl.DataFrame(
        {
            "group": "g",
            "region_a": "EU",
            "region_b": "US",
            "question_id": [f"q{place}" for place in range(len(between))],
            "between": between,
            "within_a": within_a,
            "within_b": within_b,
        },
        schema_overrides={"within_a": pl.Float64, "within_b": pl.Float64},
    )
    (row,) = text_effects(distances, ["group"], []).iter_rows(named=True)
    return row


def test_regions_that_differ_as_much_as_repeats_do_not_differ() -> None:
    distances = [0.60, 0.70, 0.65, 0.72, 0.68, 0.66]
    found = texts(distances, list(reversed(distances)), distances)
    assert found["excess"] == pytest.approx(0)
    assert found["ci_low"] < 0 < found["ci_high"]
    assert found["p_value"] > 0.3


def test_regions_that_differ_more_than_repeats_are_found() -> None:
    repeats = [0.60, 0.62, 0.58, 0.64, 0.61, 0.57, 0.63, 0.60]
    found = texts([each + 0.2 + each / 10 for each in repeats], repeats, repeats)
    assert found["ci_low"] > 0.2
    assert found["p_value"] == pytest.approx(1 / 2**8)


def test_without_repeats_a_divergence_says_nothing() -> None:
    found = texts([0.7] * 9, [0.6] * 9, [None] * 9)
    assert (found["status"], found["reason"]) == ("not_applicable", "no_repeats")
    assert {found[name] for name in ("between", "within", "excess", "ci_low", "p_value")} == {None}


def test_four_repeated_questions_are_insufficient() -> None:
    found = texts([0.7] * 9, [0.6] * 9, [0.6] * 4 + [None] * 5)
    assert (found["status"], found["questions_repeated"]) == ("insufficient", 4)


def test_equal_questions_do_not_pretend_certainty() -> None:
    found = texts([0.0] * 20, [0.0] * 20, [0.0] * 20)
    assert found["method"] == "unseen_share"
    assert found["ci_high"] > 0.1


def series(*periods: list[int]) -> pl.DataFrame:
    """One series; each period has the refusals of twenty questions asked five times."""
    values = pl.concat(
        pl.DataFrame(
            {
                "region": "US",
                "period_start": place,
                "question_id": [f"q{question}" for question in range(len(refused))],
                "total": [float(each) for each in refused],
                "n": 5,
            }
        )
        for place, refused in enumerate(periods)
    )
    return metric_changes(values, ["region"], [])


CALM = [0, 1, 0, 2, 0] * 4


def test_a_period_that_moved_is_named_and_the_calm_ones_are_not() -> None:
    changes = series(CALM, CALM[::-1], CALM, [each + 2 for each in CALM])
    assert changes["has_moved"].to_list() == [None, False, False, True]
    moved = changes.row(3, named=True)
    assert moved["change"] == pytest.approx(0.4)
    assert (moved["baseline_start"], moved["baseline_periods"]) == (0, 3)
    assert moved["ci_low"] > 0


def test_the_first_period_has_nothing_to_compare_with() -> None:
    first = series(CALM, CALM).row(0, named=True)
    assert (first["status"], first["reason"]) == ("not_applicable", "no_earlier_period")
    assert (first["estimate"], first["has_moved"]) == (None, None)


def test_a_baseline_is_at_most_four_periods() -> None:
    last = series(*[CALM] * 7).row(6, named=True)
    assert (last["baseline_start"], last["baseline_periods"]) == (2, 4)


def test_other_questions_are_no_change() -> None:
    changes = series(CALM[:9], CALM[:9])
    assert changes.row(1, named=True)["reason"] == "too_few_common_questions"
