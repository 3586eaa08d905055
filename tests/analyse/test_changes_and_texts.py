"""Changes of a series, and divergence of texts."""

import numpy as np
import polars as pl

from benchmarks.simulation import simulated_texts
from dagster_project.analyse.changes import metric_changes
from dagster_project.analyse.texts import text_effects

RANDOM = np.random.default_rng(4)
WEEKS = 6


def series(rates: list[float], questions: int = 10) -> pl.DataFrame:
    """One series of weeks; every day asks every question five times at the week's rate."""
    rows = [
        ("m", week, 7 * week + day, f"q{question}", float(RANDOM.binomial(5, rate)), 5)
        for week, rate in enumerate(rates)
        for day in range(7)
        for question in range(questions)
    ]
    names = ["model", "period_start", "job_day", "question_id", "total", "n"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_a_week_that_moved_is_named_and_the_calm_ones_are_not() -> None:
    changes = metric_changes(series([0.2] * 5 + [0.6]), ["model"])
    assert changes["has_moved"].to_list() == [None, False, False, False, False, True]
    last = changes.row(-1, named=True)
    assert last["ci_low"] < last["change"] < last["ci_high"]
    assert abs(last["change"] - (last["estimate"] - last["baseline"])) < 1e-9
    assert (last["baseline_start"], last["baseline_periods"]) == (1, 4)


def test_one_bad_day_is_no_change_of_its_week() -> None:
    values = series([0.2] * WEEKS)
    bad = pl.when(pl.col("job_day") == 38).then(5.0).otherwise("total")
    assert not metric_changes(values.with_columns(total=bad), ["model"])["has_moved"][-1]


def test_the_first_week_has_nothing_to_compare_with() -> None:
    first = metric_changes(series([0.2, 0.2]), ["model"]).row(0, named=True)
    assert (first["status"], first["reason"]) == ("not_applicable", "no_earlier_period")
    assert (first["estimate"], first["has_moved"]) == (None, None)


def test_other_questions_are_no_change() -> None:
    values = series([0.2, 0.9])
    other = pl.col("question_id") + pl.col("period_start").cast(pl.String)
    last = metric_changes(values.with_columns(question_id=other), ["model"]).row(-1, named=True)
    assert (last["reason"], last["change"]) == ("too_few_common_questions", None)


def test_a_week_of_few_days_says_nothing() -> None:
    values = series([0.2, 0.9]).filter((pl.col("period_start") == 0) | (pl.col("job_day") < 10))
    assert metric_changes(values, ["model"]).row(-1, named=True)["reason"] == "too_few_days"


def test_texts_that_move_with_the_region_diverge_and_others_do_not() -> None:
    for shift, is_found in ((0.5, True), (0.0, False)):
        days = simulated_texts(1, 12, 12, moved_days=12, shift=shift)
        (found,) = text_effects(days, ["group"], ["group"]).iter_rows(named=True)
        assert (found["q_value"] < 0.01) == is_found
        assert found["excess_divergence"] > 0.05 or not is_found


def test_a_measure_that_no_day_asked_for_says_so() -> None:
    days = simulated_texts(1, 12, 12).with_columns(mean=pl.lit(None, pl.Float64))
    (found,) = text_effects(days, ["group"], ["group"]).iter_rows(named=True)
    assert (found["status"], found["reason"]) == ("not_applicable", "no_semantic_measure")
    assert (found["questions"], found["questions_repeated"]) == (12, 0)


def test_without_repeats_a_divergence_says_nothing() -> None:
    days = simulated_texts(1, 12, 12).filter(pl.col("region_a") != pl.col("region_b"))
    (found,) = text_effects(days, ["group"], ["group"]).iter_rows(named=True)
    assert (found["status"], found["reason"]) == ("not_applicable", "no_repeats")
    assert {found[name] for name in ("between_regions", "excess_divergence", "p_value")} == {None}
