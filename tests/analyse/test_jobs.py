"""What is said about one job."""

from typing import Any

import polars as pl
import pytest

from dagster_project.analyse.jobs import job_effects
from tests.analyse.contrasts import NOTHING_KNOWN, slots


def job(rows: pl.DataFrame) -> dict[str, Any]:
    (row,) = job_effects(rows, ["job"], NOTHING_KNOWN).iter_rows(named=True)
    return row


NONE = [0] * 8


@pytest.mark.parametrize("asia", [None, NONE, [1, 1, 1, 0, 0, 0, 0, 0]])
def test_six_of_eight_refused_in_one_region_and_none_in_another_is_a_difference(
    asia: list[int] | None,
) -> None:
    regions = {"EU": [1] * 6 + [0] * 2, "US": NONE} | ({"ASIA": asia} if asia else {})
    found = job(slots("j", regions))
    assert (found["verdict"], found["refusal_gap"]) == ("difference_detected", 0.75)
    assert found["highest_region"] == "EU"
    assert 0 < found["refusal_gap_ci_low"] < 0.75 < found["refusal_gap_ci_high"]
    assert found["q_value"] == pytest.approx(1 / 32)


def test_models_are_averaged_within_questions() -> None:
    one = slots("j", {"EU": [1] * 8, "US": NONE})
    other = slots("j", {"EU": NONE, "US": [1] * 8}, model="n")
    assert job(pl.concat([one, other]))["refusal_gap"] == 0


def test_a_job_without_differences_is_inconclusive_not_equal() -> None:
    found = job(slots("j", {"EU": NONE, "US": NONE}))
    assert (found["verdict"], found["n_tests"]) == ("inconclusive", 1)
    assert found["refusal_gap_ci_high"] > 0.2


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (slots("j", {"EU": [1] * 5, "US": [0] * 5}), "too_few_common_questions"),
        (slots("j", {"US": NONE}), "single_region"),
        (
            slots("j", {"US": NONE}).with_columns(scored=pl.lit(0), failed=pl.lit(1)),
            "all_technical_failures",
        ),
        (slots("j", {"US": NONE}).with_columns(scored=pl.lit(0)), "no_answers"),
    ],
)
def test_a_job_with_too_little_data_says_why(rows: pl.DataFrame, reason: str) -> None:
    found = job(rows)
    assert (found["verdict"], found["verdict_reason"]) == ("insufficient_data", reason)
    assert (found["refusal_gap"], found["refusal_gap_reason"]) == (None, reason)
    assert found["n_tests"] == 0


def test_other_jobs_change_nothing() -> None:
    one = slots("a", {"EU": [1, 0, 1, 0, 1, 1, 0, 0], "US": NONE, "ASIA": [0, 1] * 4})
    other = slots("b", {"EU": [1] * 20, "US": [0] * 20})
    both = job_effects(pl.concat([other, one]), ["job"], NOTHING_KNOWN).filter(job="a")
    assert both.equals(job_effects(one, ["job"], NOTHING_KNOWN))
