"""What may be said about a model: do its regions differ?

Belongs here: the verdict over all pairs of regions, and the tests over all regions at once. Does
not belong here: the pairs (pairs).
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.stats import MonteCarloMethod, chi2, fisher_exact

from dagster_project.analyse.pairs import MIN_PAIRS
from dagster_project.analyse.rates import ATTEMPTS, with_intervals
from dagster_project.analyse.reasons import (
    DIFFERENCE_DETECTED,
    EQUIVALENT,
    INSUFFICIENT_DATA,
    NONE_DETECTED,
    OK,
)
from dagster_project.analyse.resampling import ALPHA, TOLERANCE, Floats

MIN_COMPLETE_QUESTIONS = 10
"""Questions answered in all regions for Cochran's Q."""

_TABLES = 999
_SEED = 20_260_103
_LARGEST = (
    "risk_difference",
    "ci_low",
    "ci_high",
    "q_value",
    "region_a",
    "region_b",
    "minimum_detectable_effect",
)


def model_verdicts(cells: pl.DataFrame, pairs: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Judge whether the regions of a model differ, and test all of them at once.

    Args:
        cells: One row per ``keys``, ``region`` and ``question_id`` with the counts ``answered,
            failed, blocked, scored, refused``, no nulls.
        pairs: ``pairs.pair_effects`` of the same cells and keys.
        keys: Columns that name a group, such as period and model.

    Returns:
        One row per ``keys``, sorted by them: ``regions`` with enough questions,
        ``complete_questions`` answered in all of them, ``discordant_questions`` on which they
        differ, ``cochran_q, cochran_p, cochran_reason``; ``failure_region_p,
        failure_region_reason``; and the columns of ``verdict_of_pairs``.
    """
    groups = cells.select(keys).unique()
    for part in (_cochran(cells, keys), _failures(cells, keys), verdict_of_pairs(pairs, keys)):
        groups = groups.join(part, on=list(keys), how="left", nulls_equal=True)
    alone = pl.col("verdict").is_null()
    return groups.with_columns(
        pl.col("regions", "complete_questions", "discordant_questions").fill_null(0),
        pl.col("n_tests", "n_significant").fill_null(0),
        verdict=pl.col("verdict").fill_null(INSUFFICIENT_DATA),
        verdict_reason=pl.when(alone).then(pl.lit("single_region")).otherwise("verdict_reason"),
    ).sort(keys)


def verdict_of_pairs(pairs: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Draw one verdict from all pairs of regions of a group.

    Args:
        pairs: ``pairs.pair_effects``.
        keys: Columns that name a group.

    Returns:
        One row per group with a pair: ``n_tests, n_significant``; ``verdict``
        (difference_detected: q below 5 % and the interval without 0; equivalent: every pair is;
        insufficient_data: no pair could be compared; else none_detected) with ``verdict_reason``;
        and of the pair with the largest difference ``largest_difference, largest_ci_low,
        largest_ci_high, largest_q_value, largest_region_a, largest_region_b,
        minimum_detectable_effect``.
    """
    compared = pl.col("status") == OK
    significant = (
        compared & (pl.col("q_value") < ALPHA) & ((pl.col("ci_low") > 0) | (pl.col("ci_high") < 0))
    ).fill_null(value=False)
    # Detected differences first, then by size; names settle ties.
    order = pairs.with_columns(
        _significant=significant, _size=pl.col("risk_difference").abs().round(12)
    ).sort(
        "_significant",
        "_size",
        "region_a",
        "region_b",
        descending=[True, True, False, False],
        nulls_last=True,
    )
    return (
        order.group_by(keys, maintain_order=True)
        .agg(
            pl.col(_LARGEST).first(),
            n_tests=pl.col("p_value").is_not_null().sum().cast(pl.Int64),
            n_significant=pl.col("_significant").sum().cast(pl.Int64),
            _compared=compared.any(),
            _equivalent=pl.col("is_equivalent").fill_null(value=False).all(),
            _reason=pl.col("reason").drop_nulls().mode().sort().first(),
        )
        .with_columns(
            verdict=pl.when(pl.col("n_significant") > 0)
            .then(pl.lit(DIFFERENCE_DETECTED))
            .when(~pl.col("_compared"))
            .then(pl.lit(INSUFFICIENT_DATA))
            .when("_equivalent")
            .then(pl.lit(EQUIVALENT))
            .otherwise(pl.lit(NONE_DETECTED)),
            verdict_reason=pl.when(~pl.col("_compared")).then("_reason"),
        )
        .rename(
            {
                "risk_difference": "largest_difference",
                **{name: f"largest_{name}" for name in _LARGEST[1:-1]},
            }
        )
        .drop("_compared", "_equivalent", "_reason")
    )


def _cochran(cells: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Cochran's Q over the questions that all regions answered.

    With repeats a question enters with its refusal rates; for rates of 0 and 1 this is the textbook
    formula (Cochran, Biometrika 37, 1950).
    """
    scored = cells.filter(pl.col("scored") > 0)
    rates = (
        scored.filter(pl.len().over([*keys, "region"]) >= MIN_PAIRS)
        .select(*keys, "region", "question_id", rate=pl.col("refused") / pl.col("scored"))
        .with_columns(regions=pl.col("region").n_unique().over(keys).cast(pl.Int64))
        .sort("region", "question_id")
    )
    complete = rates.filter(pl.len().over([*keys, "question_id"]) == pl.col("regions"))
    deviation = pl.col("rate") - pl.col("rate").mean()
    questions = (
        complete.group_by([*keys, "question_id"], maintain_order=True)
        .agg(spread=(deviation**2).sum())
        .group_by(keys, maintain_order=True)
        .agg(
            complete_questions=pl.len().cast(pl.Int64),
            discordant_questions=(pl.col("spread") > TOLERANCE).sum().cast(pl.Int64),
            _within=pl.col("spread").sum(),
        )
    )
    regions = (
        complete.group_by([*keys, "region"], maintain_order=True)
        .agg(total=pl.col("rate").sum())
        .group_by(keys, maintain_order=True)
        .agg(
            _between=((pl.col("total") - pl.col("total").mean()) ** 2).sum(),
            _degrees=pl.len() - 1.0,
        )
    )
    tested = (
        rates.select(*keys, "regions")
        .unique()
        .join(questions, on=list(keys), how="left", nulls_equal=True)
        .join(regions, on=list(keys), how="left", nulls_equal=True)
        .with_columns(pl.col("complete_questions", "discordant_questions").fill_null(0))
        .with_columns(cochran_reason=_cochran_reason())
        .with_columns(
            cochran_q=pl.when(pl.col("cochran_reason").is_null()).then(
                pl.col("_degrees") * pl.col("_between") / pl.col("_within")
            )
        )
    )
    p_values = chi2.sf(tested["cochran_q"].to_numpy(), tested["_degrees"].to_numpy())
    return tested.select(
        *keys,
        "regions",
        "complete_questions",
        "discordant_questions",
        "cochran_q",
        pl.Series("cochran_p", p_values, pl.Float64).fill_nan(None),
        "cochran_reason",
    )


def _cochran_reason() -> pl.Expr:
    return (
        pl.when(pl.col("regions") == 1)
        .then(pl.lit("single_region"))
        .when(pl.col("complete_questions") < MIN_COMPLETE_QUESTIONS)
        .then(pl.lit("too_few_complete_questions"))
        .when(pl.col("discordant_questions") == 0)
        .then(pl.lit("no_discordant_questions"))
    )


def _failures(cells: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Whether failures are spread unevenly over regions, which can feign or hide an effect."""
    grain = [*keys, "region"]
    attempts = cells.select(
        *grain, "question_id", hits="failed", answers=ATTEMPTS.cast(pl.Int64)
    ).filter(pl.col("answers") > 0)
    regions = (
        with_intervals(attempts, grain)
        .sort(grain)
        .group_by(keys, maintain_order=True)
        .agg("estimate", "effective")
    )
    tests = [
        _failure_test(np.array(rates), np.array(answers))
        for rates, answers in regions.select("estimate", "effective").iter_rows()
    ]
    schema = {"failure_region_p": pl.Float64, "failure_region_reason": pl.String}
    return regions.select(keys).hstack(pl.DataFrame(tests, schema=schema, orient="row"))


def _failure_test(rates: Floats, effective: Floats) -> tuple[float | None, str | None]:
    if len(rates) == 1:
        return None, "single_region"
    if not rates.any():
        return None, "no_failures"
    if (rates == 1).all():
        return None, "all_technical_failures"
    answers = np.maximum(1, np.round(effective)).astype(np.int64)
    failed = np.round(rates * answers).astype(np.int64)
    table = np.stack([failed, answers - failed], axis=1)
    if not table.sum(axis=0).all():
        # Rounding the worth of repeated attempts left nothing on one side.
        return 1.0, None
    random = MonteCarloMethod(n_resamples=_TABLES, rng=np.random.default_rng(_SEED))
    # Of two regions the test is exact.
    method = None if table.shape == (2, 2) else random
    return np.asarray(fisher_exact(table, method=method).pvalue).item(), None
