"""Effects between regions: what is contrasted, what is found, what is never said."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from statsmodels.api import WLS

from dagster_project.analyse.effects import (
    contrast_parts,
    model_verdicts,
    pair_effects,
    paired,
    question_effects,
)
from dagster_project.analyse.reasons import REASONS
from tests.analyse.contrasts import Answers, contrasts

KEYS = ["group"]
RANDOM = np.random.default_rng(3)


def drawn(rate: float, questions: int = 8, days: int = 30) -> Answers:
    rows: Answers = RANDOM.binomial(1, rate, size=(days, questions)).tolist()
    return rows


def effect(rows: pl.DataFrame, scope: str = "these_questions") -> dict[str, Any]:
    (row,) = pair_effects(rows, KEYS, KEYS).filter(scope=scope).iter_rows(named=True)
    return row


def verdict(rows: pl.DataFrame, scope: str = "these_questions") -> dict[str, Any]:
    pairs = pair_effects(rows, KEYS, KEYS)
    (row,) = model_verdicts(rows, pairs, KEYS).filter(scope=scope).iter_rows(named=True)
    return row


def test_twenty_points_on_eight_questions_and_thirty_days_are_found() -> None:
    found = effect(contrasts({"EU": drawn(0.4), "US": drawn(0.2)}))
    assert found["verdict"] == "difference_detected"
    assert 0 < found["ci_low"] < found["risk_difference"] < found["ci_high"]
    assert (found["questions"], found["days"], found["question_days"]) == (8, 30, 240)
    assert found["minimum_detectable_effect"] < 0.2


def test_one_bad_day_is_no_difference_between_regions() -> None:
    bad: Answers = [[1] * 8, *[[0] * 8] * 29]
    found = effect(contrasts({"EU": bad, "US": [[0] * 8] * 30}))
    assert (found["verdict"], found["p_value"]) == ("equivalent", 1.0)


def test_regions_that_never_refuse_are_not_known_to_be_equal_after_few_days() -> None:
    few = effect(contrasts({"EU": [[0] * 3] * 6, "US": [[0] * 3] * 6}))
    assert few["verdict"] == "inconclusive"
    assert few["ci_high"] > 0.1
    many = effect(contrasts({"EU": [[0] * 8] * 30, "US": [[0] * 8] * 30}))
    assert many["verdict"] == "equivalent"


@pytest.mark.parametrize(
    ("questions", "days", "scope", "reason"),
    [
        (2, 30, "these_questions", "too_few_common_questions"),
        (8, 5, "these_questions", "too_few_days"),
        (8, 30, "questions_like_these", "too_few_common_questions"),
        (10, 5, "questions_like_these", "too_few_days"),
    ],
)
def test_below_a_scopes_minimum_nothing_is_said_but_why(
    questions: int, days: int, scope: str, reason: str
) -> None:
    rows = contrasts({"EU": [[1] * questions] * days, "US": [[0] * questions] * days})
    found = effect(rows, scope)
    assert (found["verdict"], found["verdict_reason"]) == ("insufficient_data", reason)
    assert reason in REASONS
    unknown = ("risk_difference", "rate_a", "ci_low", "p_value", "q_value", "bound_low")
    assert {found[name] for name in unknown} == {None}


def test_jobs_of_one_region_each_are_paired_by_day_and_say_so() -> None:
    alone = contrasts({"EU": drawn(0.4), "US": drawn(0.2)}, pairing="day")
    assert effect(alone)["pairing"] == "day"
    in_jobs = contrasts({"EU": drawn(0.4), "US": drawn(0.2)})
    both = pl.concat([in_jobs, alone.filter(pl.col("pairing") == "day")])
    assert effect(both)["pairing"] == "job"


def test_every_question_weighs_the_same_however_often_it_was_asked() -> None:
    often: Answers = [[1, 0, 0, 0]] * 30
    seldom: Answers = [[0, 0, 0, 0]] * 6 + [[0, None, None, None]] * 24
    found = effect(contrasts({"EU": often, "US": seldom}))
    assert found["risk_difference"] == pytest.approx(1 / 4)


def test_errors_by_question_and_day_are_those_of_statsmodels() -> None:
    rows = contrasts({"EU": drawn(0.5, 12, 9), "US": drawn(0.3, 12, 9)})
    parts = contrast_parts(paired(rows, KEYS), ["group", "region_a", "region_b"])
    by_question, by_day = (
        parts[name].rank("dense").to_numpy() for name in ("question_id", "job_day")
    )
    model = WLS(
        (parts["rate_a_total"] - parts["rate_b_total"]).to_numpy(),
        np.ones(len(parts)),
        weights=parts["weight"].to_numpy(),
    )
    groups = np.stack([by_question, by_day], axis=1).astype(int)
    errors = [
        model.fit(cov_type="cluster", cov_kwds={"groups": each}).bse.item()
        for each in (groups, groups[:, 0], groups[:, 1])
    ]
    found = effect(rows, "questions_like_these")
    half = (found["ci_high"] - found["ci_low"]) / 2
    assert half >= 2.306 * np.nanmax(errors) - 1e-3


def test_q_is_adjusted_over_models_pairs_and_scopes_of_a_period() -> None:
    strong = contrasts({"EU": drawn(0.9, 12), "US": drawn(0.1, 12)}, group="a")
    weak = contrasts({"EU": drawn(0.3, 12), "US": drawn(0.3, 12)}, group="b")
    rows = pl.concat([strong, weak]).with_columns(period=pl.lit("p"))
    together = pair_effects(rows, ["period", "group"], ["period"])
    assert together["p_value"].null_count() == 0
    assert (together["q_value"] >= together["p_value"]).all()
    alone = pair_effects(strong.with_columns(period=pl.lit("p")), ["period", "group"], ["period"])
    adjusted = together.filter(group="a")["q_value"]
    assert adjusted.to_list() == pytest.approx((2 * alone["q_value"]).to_list(), abs=1e-12)


def test_a_model_differs_where_one_pair_does_and_names_it() -> None:
    rows = contrasts({"ASIA": drawn(0.8), "EU": drawn(0.2), "US": drawn(0.2)})
    found = verdict(rows)
    assert (found["verdict"], found["n_tests"], found["n_significant"]) == (
        "difference_detected",
        3,
        2,
    )
    assert found["largest_region_a"] == "ASIA"
    pairs = pair_effects(rows, KEYS, KEYS).filter(scope="these_questions")
    own = pairs.filter(region_b=found["largest_region_b"]).row(0, named=True)
    assert found["largest_ci_low"] <= own["ci_low"]


def test_a_model_of_one_region_has_no_verdict() -> None:
    found = verdict(contrasts({"EU": drawn(0.2)}))
    assert (found["verdict"], found["verdict_reason"]) == ("insufficient_data", "single_region")
    assert (found["n_tests"], found["regions"]) == (0, 1)


def test_an_outage_of_one_day_is_no_uneven_failure() -> None:
    rows = contrasts({"EU": drawn(0.2), "US": drawn(0.2)})
    eu = (pl.col("pairing") == "none") & (pl.col("region_a") == "EU")
    outage = pl.when(eu & (pl.col("job_day") == 3)).then(1).otherwise(0)
    one_day = verdict(rows.with_columns(missing_a=outage))
    assert one_day["failure_region_p"] == 1.0
    daily = verdict(rows.with_columns(missing_a=pl.when(eu).then(1).otherwise(0)))
    assert daily["failure_region_p"] < 0.001
    assert verdict(rows)["failure_region_reason"] == "no_failures"


def test_each_question_shows_its_own_part() -> None:
    rows = contrasts({"EU": [[1, 0, 0]] * 10, "US": [[0, 0, 0]] * 10})
    found = question_effects(rows, KEYS)
    assert found["risk_difference"].to_list() == [1.0, 0.0, 0.0]
    assert found["ci_low"][0] > 0.3
    assert found["ci_low"][1] < 0 < found["ci_high"][1]
    few = question_effects(rows.filter(pl.col("job_day") < 5), KEYS)
    assert set(few["reason"]) == {"too_few_days"}
    assert few["ci_low"].null_count() == 3


def test_the_order_of_rows_and_another_period_change_nothing() -> None:
    rows = contrasts({"ASIA": drawn(0.5, 12), "EU": drawn(0.2, 12), "US": drawn(0.2, 12)})
    before = pair_effects(rows, KEYS, KEYS)
    shuffled = pair_effects(rows.sample(fraction=1, shuffle=True, seed=1), KEYS, KEYS)
    assert_frame_equal(before, shuffled, abs_tol=1e-12)
    other = contrasts({"EU": drawn(0.5), "US": drawn(0.1)}, group="other")
    together = pair_effects(pl.concat([rows, other]), KEYS, KEYS).filter(group="g")
    assert_frame_equal(before, together, abs_tol=1e-12)
