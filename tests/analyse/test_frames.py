"""No value is made up: what was not observed is null with a reason, in every table."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.analyse.frames import (
    CELLS,
    DISTANCES,
    JOB_CELLS,
    job_table,
    period_tables,
    text_table,
)
from dagster_project.analyse.rates import MIN_QUESTIONS_SHOWN
from dagster_project.score.our_jobs import MIN_ANSWERS

DAY = date(2025, 11, 2)
REGIONS = ("ASIA", "EU", "US")
FEW = settings(max_examples=30, deadline=None)
VALUES = {
    "region_rates": ("estimate", "ci_low", "ci_high", "method"),
    "region_pair_effects": (
        *("rate_a", "rate_b", "risk_difference", "ci_low", "ci_high", "p_value", "q_value"),
        *("minimum_detectable_effect", "equivalence_p", "is_equivalent", "method", "test"),
        *("difference_failures_answered", "difference_failures_refused"),
        *("bound_low", "bound_high"),
    ),
    "category_pair_effects": (
        *("rate_a", "rate_b", "risk_difference", "ci_low", "ci_high", "p_value", "q_value"),
        *("minimum_detectable_effect", "method", "bound_low", "bound_high"),
    ),
    "text_divergence": (
        *("between_regions", "within_regions", "excess_divergence", "ci_low", "ci_high"),
        *("p_value", "q_value", "method"),
    ),
}
"""Columns that hold something only where the status is ok."""


@st.composite
def cells(draw: st.DrawFn) -> pl.DataFrame:
    """Counts of up to 12 questions in three regions, many of them failures only or empty."""
    rows = []
    for question in range(draw(st.integers(0, 12))):
        for region in draw(st.sets(st.sampled_from(REGIONS))):
            rows += [
                ("actual", region, f"q{question}", *draw(counts())),
                ("requested", region, f"q{question}", *draw(counts())),
            ]
    columns = ["region_basis", "region", "question_id", *CELLS.names()[6:-1]]
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return frame.select(
        pl.col("region_basis").cast(pl.String),
        period_kind=pl.lit("day"),
        period_start=pl.lit(DAY),
        model_id=pl.lit("m"),
        question_category=pl.lit("bias_detection"),
        **{name: pl.col(name).cast(CELLS[name]) for name in columns[1:]},
    ).select(CELLS.names())


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, ...]:
    answered, failed, blocked = (draw(st.integers(0, 2)) for _ in range(3))
    scored = draw(st.integers(0, answered))
    refused = draw(st.integers(0, scored))
    regenerated = draw(st.integers(0, scored))
    low, high = max(0, refused + regenerated - scored), min(refused, regenerated)
    expected = answered + failed + blocked + draw(st.integers(0, 1))
    both = draw(st.integers(low, high))
    return (expected, answered, failed, blocked, scored, refused, regenerated, both)


def assert_nothing_is_made_up(rows: pl.DataFrame, values: Sequence[str]) -> None:
    not_ok = rows.filter(pl.col("status") != "ok")
    assert not_ok.select(pl.col(values).is_not_null().sum()).sum_horizontal().item() == 0
    assert not_ok["reason"].null_count() == 0
    assert rows.filter(pl.col("status") == "ok")["reason"].is_null().all()


def by_key(rows: pl.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["region"], row["metric"]): row for row in rows.iter_rows(named=True)}


@FEW
@given(cells())
def test_a_rate_is_null_where_nothing_was_observed_and_zero_only_where_it_was_counted(
    drawn: pl.DataFrame,
) -> None:
    tables = period_tables(drawn)
    for name in ("region_rates", "region_pair_effects", "category_pair_effects"):
        assert_nothing_is_made_up(tables[name], VALUES[name])
    rates = by_key(tables["region_rates"])
    for (region, metric), row in rates.items():
        of_region = drawn.filter(region=region, region_basis="actual")
        if metric == "refusal_rate":
            answered = of_region.filter(pl.col("scored") > 0)
            assert (row["estimate"] is None) == (len(answered) < MIN_QUESTIONS_SHOWN)
            kept = answered.filter(pl.col("scored") > pl.col("regenerated_scored"))
            assert (row["estimate_without_regenerated"] is None) == (
                len(kept) < MIN_QUESTIONS_SHOWN
            )
        elif metric == "failure_rate":
            attempts = of_region.select(pl.col("answered", "failed", "blocked").sum()).row(0)
            assert (row["estimate"] is None) == (sum(attempts) < MIN_ANSWERS)
        assert row["estimate"] != 0 or row["k"] == 0


@FEW
@given(cells())
def test_a_region_with_only_failures_has_a_failure_rate_and_no_refusal_rate(
    drawn: pl.DataFrame,
) -> None:
    nothing = dict.fromkeys(("answered", "blocked", *CELLS.names()[10:-1]), pl.lit(0, pl.Int64))
    failed = drawn.with_columns(**nothing, failed=pl.lit(5, pl.Int64), expected=pl.lit(5, pl.Int64))
    tables = period_tables(failed)
    rates = by_key(tables["region_rates"])
    for region in failed.filter(region_basis="actual")["region"].unique():
        assert rates[region, "failure_rate"]["estimate"] == 1
        assert rates[region, "refusal_rate"]["estimate"] is None
        assert rates[region, "refusal_rate"]["reason"] == "all_technical_failures"
    assert set(tables["region_pair_effects"]["status"]) <= {"not_applicable", "insufficient"}
    assert set(tables["model_verdicts"]["verdict"]) <= {"insufficient_data"}


@FEW
@given(
    st.lists(
        st.tuples(
            st.sampled_from([("EU", "US"), ("EU", "EU"), ("US", "US")]),
            st.integers(0, 8),
            st.integers(1, 3),
            st.floats(0, 1),
        ),
        unique_by=lambda row: row[:2],
    )
)
def test_divergence_is_null_without_repeats_enough(
    drawn: list[tuple[tuple[str, str], int, int, float]],
) -> None:
    rows = [
        ("day", DAY, "m", *regions, f"q{question}", pairs, pairs * distance)
        for regions, question, pairs, distance in drawn
    ]
    divergence = text_table(pl.DataFrame(rows, schema=DISTANCES, orient="row"))
    assert_nothing_is_made_up(divergence, VALUES["text_divergence"])


@FEW
@given(drawn=cells(), was_asked=st.booleans())
def test_a_job_without_scored_answers_has_a_reason_instead_of_a_gap(
    *, drawn: pl.DataFrame, was_asked: bool
) -> None:
    job = pl.DataFrame({"job_id": ["job"], "job_day": [DAY]})
    known = {
        "job_expected": pl.lit(24 if was_asked else 0, pl.Int64),
        "job_answered": pl.lit(0, pl.Int64),
        "completeness": pl.lit(0.0 if was_asked else None, pl.Float64),
    }
    slots = drawn.filter(region_basis="actual").select(
        name for name in CELLS.names() if name in JOB_CELLS
    )
    joined = job.join(slots, how="cross") if len(slots) else job
    missing = [
        pl.lit(None, type_).alias(name)
        for name, type_ in JOB_CELLS.items()
        if name not in {*joined.columns, *known}
    ]
    (row,) = job_table(joined.with_columns(*missing, **known).select(JOB_CELLS.names())).iter_rows(
        named=True
    )
    assert (row["completeness"] is None) == (not was_asked)
    assert (row["completeness_reason"] is None) == was_asked
    assert (row["refusal_gap"] is None) == (row["refusal_gap_reason"] is not None)
    assert (row["verdict"] == "insufficient_data") == (row["verdict_reason"] is not None)
    regions = slots.filter(pl.col("scored") > 0)["region"].n_unique()
    assert row["refusal_gap"] is None or regions > 1
