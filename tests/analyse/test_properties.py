"""What holds for any counts: nothing is invented, and order does not matter."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from dagster_project.analyse.jobs import job_effects
from dagster_project.analyse.pairs import pair_effects
from dagster_project.analyse.rates import region_rates
from dagster_project.analyse.reasons import REASONS
from dagster_project.analyse.verdicts import model_verdicts
from tests.analyse.cells import COUNTS

KEYS = ["period", "model_id"]
VALUES = ("estimate", "ci_low", "ci_high", "risk_difference", "rate_a", "bound_low", "p_value")


@st.composite
def any_cells(draw: st.DrawFn) -> pl.DataFrame:
    """Cells of two models, up to three regions, and too few or enough questions."""
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


def all_results(cells: pl.DataFrame) -> dict[str, pl.DataFrame]:
    pairs = pair_effects(cells, KEYS, ["period"])
    return {
        "rates": region_rates(cells, KEYS),
        "pairs": pairs,
        "verdicts": model_verdicts(cells, pairs, KEYS),
        "jobs": job_effects(cells, ["period"]),
    }


@settings(max_examples=8, deadline=None)
@given(any_cells())
def test_a_value_is_null_exactly_where_a_reason_says_why(cells: pl.DataFrame) -> None:
    results = all_results(cells)
    for name in ("rates", "pairs"):
        rows = results[name]
        ok = rows["status"] == "ok"
        assert (rows["reason"].is_null() == ok).all()
        for value in ("ci_low", "ci_high", "estimate" if name == "rates" else "risk_difference"):
            assert (rows[value].is_not_null() == ok).all()
            assert not rows[value].is_nan().any()
    rates = results["rates"]
    assert rates.filter(n=0)["estimate"].is_null().all()
    inside = pl.col("ci_low") - 1e-9 <= pl.col("estimate")
    assert rates.drop_nulls("estimate").select(inside.all()).item()
    verdicts = results["verdicts"]
    unknown = verdicts["verdict"] == "insufficient_data"
    assert (verdicts["verdict_reason"].is_not_null() == unknown).all()
    for rows in results.values():
        reasons = [column for column in rows.columns if column.endswith("reason")]
        assert all(set(rows[column].drop_nulls()) <= set(REASONS) for column in reasons)
    gaps = results["jobs"]
    assert (gaps["refusal_gap"].is_null() == gaps["refusal_gap_reason"].is_not_null()).all()


@settings(max_examples=8, deadline=None)
@given(any_cells(), st.integers(0, 9))
def test_the_order_of_rows_changes_nothing(cells: pl.DataFrame, seed: int) -> None:
    shuffled = cells.sample(fraction=1, shuffle=True, seed=seed)
    for left, right in zip(
        all_results(cells).values(), all_results(shuffled).values(), strict=True
    ):
        assert_frame_equal(left, right, check_exact=True)


@settings(max_examples=8, deadline=None)
@given(any_cells())
def test_another_period_changes_nothing(cells: pl.DataFrame) -> None:
    other = cells.with_columns(period=pl.lit("another"), refused=pl.col("scored"))
    together = all_results(pl.concat([other, cells]))
    for name, alone in all_results(cells).items():
        # Products of larger matrices are summed up in another order: the last bit may differ.
        assert_frame_equal(together[name].filter(period="p"), alone, abs_tol=1e-12)


@settings(max_examples=8, deadline=None)
@given(any_cells())
def test_swapped_regions_swap_the_sign(cells: pl.DataFrame) -> None:
    swapped = cells.with_columns(pl.col("region").replace({"EU": "US", "US": "EU"}))
    two = {"region_a": "EU", "region_b": "US"}
    left = pair_effects(cells, KEYS, ["period"]).filter(**two)
    right = pair_effects(swapped, KEYS, ["period"]).filter(**two)
    assert_frame_equal(
        left.select(*KEYS, "risk_difference", "ci_low"),
        right.select(*KEYS, risk_difference=-pl.col("risk_difference"), ci_low=-pl.col("ci_high")),
        abs_tol=0.02,
    )
