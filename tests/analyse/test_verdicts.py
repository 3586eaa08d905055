from typing import Any

import polars as pl
import pytest

from dagster_project.analyse.jobs import job_effects
from dagster_project.analyse.pairs import pair_effects
from dagster_project.analyse.verdicts import model_verdicts
from tests.analyse.cells import region

KEYS = ["group"]


def verdict(*regions: pl.DataFrame) -> dict[str, Any]:
    cells = pl.concat(regions)
    (row,) = model_verdicts(cells, pair_effects(cells, KEYS, []), KEYS).iter_rows(named=True)
    return row


def job(*regions: pl.DataFrame) -> dict[str, Any]:
    (row,) = job_effects(pl.concat(regions), KEYS).iter_rows(named=True)
    return row


def test_one_region_that_differs_is_detected_and_named() -> None:
    found = verdict(
        region("ASIA", [1] * 12 + [0] * 8), region("EU", [0] * 20), region("US", [0] * 20)
    )
    assert (found["verdict"], found["verdict_reason"]) == ("difference_detected", None)
    assert (found["n_tests"], found["n_significant"]) == (2, 2)
    assert (found["largest_region_a"], found["largest_region_b"]) == ("ASIA", "EU")
    assert found["largest_ci_low"] > 0
    assert found["largest_q_value"] < 0.05
    assert found["cochran_p"] < 0.05


def test_alike_regions_with_many_questions_are_equivalent() -> None:
    alike = [1, 0, 0, 0] * 25
    found = verdict(*(region(name, alike) for name in ("ASIA", "EU", "US")))
    assert found["verdict"] == "equivalent"
    assert (found["cochran_q"], found["cochran_reason"]) == (None, "no_discordant_questions")


def test_a_difference_that_chance_may_explain_is_not_detected() -> None:
    found = verdict(region("EU", [1] * 4 + [0] * 16), region("US", [0] * 20))
    assert found["verdict"] == "none_detected"
    assert found["minimum_detectable_effect"] > 0.1


@pytest.mark.parametrize(
    ("regions", "reason"),
    [
        ([region("US", [0] * 30)], "single_region"),
        ([region("EU", [1] * 9), region("US", [0] * 9)], "too_few_common_questions"),
        (
            [region("EU", [0] * 30, scored=0, failed=1), region("US", [0] * 30)],
            "all_technical_failures",
        ),
    ],
)
def test_too_little_data_gives_no_verdict_and_says_why(
    regions: list[pl.DataFrame], reason: str
) -> None:
    for found in (verdict(*regions), job(*(r.with_columns(model_id=pl.lit("m")) for r in regions))):
        assert (found["verdict"], found["verdict_reason"]) == ("insufficient_data", reason)


def test_failures_in_one_region_only_are_no_chance() -> None:
    failing = region("EU", [0] * 30, scored=[0] * 15 + [1] * 15, failed=[1] * 15 + [0] * 15)
    assert verdict(failing, region("US", [0] * 30))["failure_region_p"] < 0.001
    assert verdict(failing, region("US", [0] * 30), region("ASIA", [0] * 30))[
        "failure_region_p"
    ] == pytest.approx(1 / 1000)


def test_without_failures_their_test_is_null() -> None:
    found = verdict(region("EU", [0] * 30), region("US", [0] * 30))
    assert (found["failure_region_p"], found["failure_region_reason"]) == (None, "no_failures")


def asked(name: str, refused: list[int], scored: int = 1, failed: int = 0) -> pl.DataFrame:
    return region(name, refused, scored, failed, model_id="m")


def test_a_jobs_gap_is_that_of_its_most_different_regions() -> None:
    found = job(
        asked("ASIA", [1] * 12 + [0] * 8), asked("EU", [1] * 2 + [0] * 18), asked("US", [0] * 20)
    )
    assert found["refusal_gap"] == pytest.approx(0.6)
    assert (found["highest_region"], found["lowest_region"]) == ("ASIA", "US")
    assert 0 < found["refusal_gap_ci_low"] < 0.6 < found["refusal_gap_ci_high"]
    assert found["verdict"] == "difference_detected"


def test_a_gap_allows_for_having_picked_the_largest() -> None:
    high, low = asked("ASIA", [1] * 12 + [0] * 8), asked("US", [0] * 20)
    alone, picked = job(high, low), job(high, asked("EU", [0] * 20), low)
    assert picked["refusal_gap_ci_low"] < alone["refusal_gap_ci_low"]


def test_a_small_job_has_a_gap_but_no_verdict() -> None:
    found = job(asked("EU", [1] * 2 + [0] * 4), asked("US", [0] * 6))
    assert (found["refusal_gap_method"], found["refusal_gap_ci_low"]) == ("newcombe", 0.0)
    assert found["refusal_gap"] == pytest.approx(1 / 3)
    assert (found["verdict"], found["n_tests"]) == ("insufficient_data", 0)


@pytest.mark.parametrize(
    ("regions", "reason"),
    [
        ([asked("US", [0] * 9)], "single_region"),
        ([asked("EU", [0] * 4), asked("US", [0] * 4)], "too_few_questions"),
        ([asked("EU", [0] * 9, scored=0, failed=1), asked("US", [0] * 9)], "single_region"),
        ([asked("EU", [0] * 9, scored=0, failed=1)], "all_technical_failures"),
        ([asked("EU", [0] * 9, scored=0)], "no_answers"),
    ],
)
def test_a_job_without_a_gap_says_why(regions: list[pl.DataFrame], reason: str) -> None:
    found = job(*regions)
    assert (found["refusal_gap"], found["refusal_gap_reason"]) == (None, reason)


def test_pending_answers_count_for_completeness_only() -> None:
    pending = asked("US", [0] * 6).with_columns(expected=pl.lit(2, pl.Int64))
    found = job(pending)
    assert (found["expected"], found["answered"], found["completeness"]) == (12, 6, 0.5)
