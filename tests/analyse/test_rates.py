from typing import Any

import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

from dagster_project.analyse.rates import region_rates
from tests.analyse.counts import region

KEYS = ["group"]


def rate(counts: pl.DataFrame, metric: str = "refusal_rate") -> dict[str, Any]:
    (row,) = region_rates(counts, KEYS).filter(metric=metric).iter_rows(named=True)
    return row


def width(counts: pl.DataFrame) -> float:
    row = region_rates(counts, KEYS).filter(metric="refusal_rate")
    return float((row["ci_high"] - row["ci_low"]).item())


def test_questions_asked_once_have_wilsons_interval() -> None:
    shown = rate(region("US", [1] * 4 + [0] * 16))
    low, high = proportion_confint(4, 20, method="wilson")
    assert (shown["estimate"], shown["method"]) == (0.2, "wilson")
    assert (shown["ci_low"], shown["ci_high"]) == pytest.approx((low, high))


@pytest.mark.parametrize("refused", [[1] * 5 + [0] * 25, [1] * 15 + [0] * 15])
def test_copied_answers_do_not_narrow_the_interval(refused: list[int]) -> None:
    once = region("US", refused)
    copied = region("US", [5 * each for each in refused], scored=5)
    assert width(copied) == pytest.approx(width(once), rel=0.1)


def test_repeats_that_vary_narrow_the_interval_less_than_new_questions() -> None:
    repeated = region("US", [5, 4, 3, 0, 0, 1, 0, 0, 2, 0] * 3, scored=5)
    as_if_new = region("US", [1] * 45 + [0] * 105)
    assert rate(repeated)["estimate"] == rate(as_if_new)["estimate"]
    assert width(repeated) > 1.5 * width(as_if_new)


def test_questions_without_any_refusal_do_not_pretend_certainty() -> None:
    shown = rate(region("US", [0] * 30, scored=5))
    assert (shown["estimate"], shown["ci_low"]) == (0.0, pytest.approx(0.0))
    # Three unseen refusals in 30 questions would not surprise.
    assert shown["ci_high"] > 0.1


def test_many_repeated_questions_are_bootstrapped() -> None:
    refused = [0, 1, 2, 3] * 10
    shown = rate(region("US", refused, scored=3))
    assert shown["method"] == "bca_clustered"
    assert shown["ci_low"] < 0.5 < shown["ci_high"]


def test_a_region_with_only_failures_has_a_failure_rate_and_no_refusal_rate() -> None:
    counts = region("EU", [0] * 8, scored=0, failed=1)
    failures, refusals = rate(counts, "failure_rate"), rate(counts)
    assert (failures["estimate"], failures["status"]) == (1.0, "ok")
    assert (refusals["estimate"], refusals["ci_low"], refusals["method"]) == (None, None, None)
    assert (refusals["status"], refusals["reason"]) == ("not_applicable", "all_technical_failures")


@pytest.mark.parametrize(
    ("counts", "metric", "status", "reason"),
    [
        (region("US", [1] * 4), "refusal_rate", "insufficient", "too_few_questions"),
        (region("US", [5] * 4, scored=9), "refusal_rate", "insufficient", "too_few_questions"),
        (region("US", [1] * 4), "coverage", "insufficient", "too_few_answers"),
        (region("US", [0], scored=0), "coverage", "not_applicable", "nothing_expected"),
        (region("US", [0], scored=0), "failure_rate", "not_applicable", "no_attempts"),
        (region("US", [0], scored=0), "refusal_rate", "not_applicable", "no_answers"),
    ],
)
def test_a_rate_below_its_minimum_says_why(
    counts: pl.DataFrame, metric: str, status: str, reason: str
) -> None:
    shown = rate(counts, metric)
    assert (shown["status"], shown["reason"], shown["estimate"]) == (status, reason, None)


def test_only_twenty_questions_make_regions_comparable() -> None:
    assert not rate(region("US", [0] * 19))["comparable"]
    assert rate(region("US", [0] * 20))["comparable"]


def test_blocks_are_no_failures_and_no_refusals() -> None:
    counts = region("US", [1] * 10, scored=1).with_columns(blocked=pl.lit(1, pl.Int64))
    assert rate(counts, "provider_block_rate")["estimate"] == 0.5
    assert rate(counts, "failure_rate")["estimate"] == 0.0
    assert rate(counts)["n"] == 10
