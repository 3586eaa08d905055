from typing import Any

import polars as pl
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from dagster_project.analyse.pairs import pair_effects
from tests.analyse.cells import region

KEYS = ["group"]


def effect(*cells: pl.DataFrame) -> dict[str, Any]:
    (row,) = pair_effects(pl.concat(cells), KEYS, KEYS).iter_rows(named=True)
    return row


def test_a_difference_on_every_question_is_found() -> None:
    found = effect(region("EU", [1] * 12 + [0] * 8), region("US", [0] * 20))
    assert (found["n_pairs"], found["b"], found["c"]) == (20, 12, 0)
    assert found["risk_difference"] == pytest.approx(0.6)
    assert 0 < found["ci_low"] < 0.6 < found["ci_high"] < 1
    assert found["p_value"] == pytest.approx(2 * 0.5**12)
    assert (found["design"], found["test"], found["method"]) == (
        "paired",
        "mcnemar_exact",
        "bca_paired",
    )


def test_regions_that_never_differ_are_not_known_to_be_equal() -> None:
    found = effect(region("EU", [0] * 20), region("US", [0] * 20))
    assert found["risk_difference"] == 0.0
    assert found["ci_low"] < -0.05
    assert found["ci_high"] > 0.05
    assert (found["p_value"], found["p_reason"]) == (None, "too_few_discordant")


def test_few_discordant_questions_have_an_interval_but_no_test() -> None:
    found = effect(region("EU", [1] * 5 + [0] * 15), region("US", [0] * 20))
    assert (found["status"], found["p_value"], found["q_value"]) == ("ok", None, None)
    assert found["ci_low"] is not None


def test_fewer_than_ten_common_questions_are_insufficient() -> None:
    found = effect(region("EU", [1] * 9), region("US", [0] * 9))
    assert (found["status"], found["reason"]) == ("insufficient", "too_few_common_questions")
    assert found["n_pairs"] == 9
    unknown = ("rate_a", "risk_difference", "ci_low", "ci_high", "p_value", "bound_low")
    assert {found[name] for name in unknown} == {None}


def test_a_region_with_only_failures_is_not_compared() -> None:
    found = effect(region("EU", [0] * 20, scored=0, failed=1), region("US", [1] * 20))
    assert (found["status"], found["reason"]) == ("not_applicable", "all_technical_failures")
    assert found["risk_difference"] is None


def test_regions_with_different_questions_are_compared_as_independent_and_say_so() -> None:
    other = region("US", [1] * 5 + [0] * 20).with_columns(
        question_id="other " + pl.col("question_id")
    )
    found = effect(region("EU", [1] * 15 + [0] * 10), other)
    low, high = confint_proportions_2indep(15, 25, 5, 25, method="newcomb", compare="diff")
    assert (found["design"], found["test"], found["method"]) == (
        "unpaired",
        "fisher_exact",
        "newcombe",
    )
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((low, high))
    assert found["mde_reason"] == "no_shared_questions"


def test_a_question_asked_more_often_counts_no_more() -> None:
    often = [20] + [0] * 19
    found = effect(region("EU", often, scored=[20] + [1] * 19), region("US", [0] * 20))
    assert found["risk_difference"] == pytest.approx(1 / 20)
    assert found["b"] == 1


def test_more_answers_in_one_region_are_no_reason_to_be_discordant_more_often() -> None:
    # Each question is refused every third time, asked three times here and once there.
    once = [1, 0, 0] * 40
    found = effect(region("EU", [1] * 120, scored=3), region("US", once))
    assert found["risk_difference"] == pytest.approx(0)
    assert abs(found["b"] - found["c"]) < 25
    assert found["p_value"] > 0.05


def test_failures_bound_the_difference() -> None:
    eu = region("EU", [1] * 10 + [0] * 10, failed=[0] * 15 + [1] * 5)
    found = effect(eu, region("US", [0] * 20))
    assert found["difference_failures_answered"] == pytest.approx(0.5)
    assert found["difference_failures_refused"] == pytest.approx(0.5 + 2.5 / 20)
    assert found["bound_low"] <= found["risk_difference"] <= found["bound_high"]


@pytest.mark.parametrize("refused", [0, 1])
def test_equivalence_is_unknown_with_fewer_than_fifty_questions(refused: int) -> None:
    few = effect(region("EU", [refused] * 49), region("US", [0] * 49))
    assert (few["is_equivalent"], few["equivalence_reason"]) == (None, "too_few_questions")


def test_alike_regions_are_equivalent_from_fifty_questions_on() -> None:
    assert effect(region("EU", [0] * 60), region("US", [0] * 60))["is_equivalent"]


def test_q_is_adjusted_within_the_family_only() -> None:
    strong = pl.concat([region("EU", [1] * 12 + [0] * 8), region("US", [0] * 20)])
    weak = pl.concat([region("EU", [1] * 6 + [0] * 14), region("US", [0] * 20)])
    cells = pl.concat(
        [
            strong.with_columns(period=pl.lit("one"), group=pl.lit("a")),
            weak.with_columns(period=pl.lit("one"), group=pl.lit("b")),
            weak.with_columns(period=pl.lit("two"), group=pl.lit("b")),
        ]
    )
    q = pair_effects(cells, ["period", "group"], ["period"])["q_value"].to_list()
    assert q == pytest.approx([2 * 2 * 0.5**12, 2 * 0.5**6, 2 * 0.5**6])


def test_more_questions_detect_smaller_effects() -> None:
    effects = [
        effect(region("EU", [1, 0, 0, 0] * n), region("US", [0, 1, 0, 0] * n)) for n in (5, 10, 25)
    ]
    smallest = [each["minimum_detectable_effect"] for each in effects]
    assert smallest == sorted(smallest, reverse=True)
    assert smallest[-1] < 0.25 < smallest[0]
