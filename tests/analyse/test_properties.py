"""What holds for any counts: nothing is invented."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.analyse.rates import region_rates
from dagster_project.analyse.reasons import REASONS
from tests.analyse.counts import COUNTS

KEYS = ["period", "model_id"]


@st.composite
def any_counts(draw: st.DrawFn) -> pl.DataFrame:
    """Counts of two models, up to three regions, and too few or enough questions."""
    questions = draw(st.sampled_from([1, 6, 12]))
    repeats = draw(st.integers(1, 3))
    seed = draw(st.randoms(use_true_random=False))
    rows = []
    for model in draw(st.sampled_from([("m",), ("m", "n")])):
        for region in draw(st.sampled_from([("EU",), ("EU", "US"), ("ASIA", "EU", "US")])):
            refusing, failing = seed.random(), seed.choice([0.0, 0.2, 1.0])
            for question in range(questions):
                failed = sum(seed.random() < failing for _ in range(repeats))
                scored = repeats - failed
                refused = sum(seed.random() < refusing for _ in range(scored))
                counts = (repeats, scored, failed, 0, scored, refused)
                rows.append(("p", model, region, f"q{question}", *counts))
    names = (*KEYS, "region", "question_id")
    schema = dict.fromkeys(names, pl.String()) | dict.fromkeys(COUNTS, pl.Int64())
    return pl.DataFrame(rows, schema=schema, orient="row")


@settings(max_examples=8)
@given(any_counts())
def test_a_rate_is_null_exactly_where_a_reason_says_why(counts: pl.DataFrame) -> None:
    rates = region_rates(counts, KEYS)
    ok = rates["status"] == "ok"
    assert (rates["reason"].is_null() == ok).all()
    assert set(rates["reason"].drop_nulls()) <= set(REASONS)
    for value in ("ci_low", "ci_high", "estimate"):
        assert (rates[value].is_not_null() == ok).all()
        assert not rates[value].is_nan().any()
    assert rates.filter(n=0)["estimate"].is_null().all()
    inside = pl.col("ci_low") - 1e-9 <= pl.col("estimate")
    assert rates.drop_nulls("estimate").select(inside.all()).item()


@settings(max_examples=8)
@given(any_counts(), st.integers(0, 9))
def test_the_order_of_rows_changes_no_rate(counts: pl.DataFrame, seed: int) -> None:
    shuffled = counts.sample(fraction=1, shuffle=True, seed=seed)
    assert region_rates(counts, KEYS).equals(region_rates(shuffled, KEYS))
