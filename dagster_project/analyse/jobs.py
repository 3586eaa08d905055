"""What may be said about one job: how complete it is, and whether its regions differ.

Belongs here: the gap between a job's regions over all its models, and one verdict from the pairs of
each model. Does not belong here: measures of a job without uncertainty (score.our_jobs).
"""

from collections.abc import Sequence

import polars as pl

from dagster_project.analyse.intervals import (
    independent_interval,
    paired_interval,
    with_half_a_pair,
)
from dagster_project.analyse.matching import region_pairs, shared_questions
from dagster_project.analyse.pairs import MIN_PAIRS, PAIR, pair_effects
from dagster_project.analyse.rates import MIN_QUESTIONS_SHOWN, with_intervals
from dagster_project.analyse.reasons import INSUFFICIENT_DATA
from dagster_project.analyse.resampling import ALPHA, Floats, stacked
from dagster_project.analyse.verdicts import verdict_of_pairs

_COUNTS = ("expected", "answered", "failed", "blocked", "scored", "refused")
_LISTS = ("refused_a", "scored_a", "refused_b", "scored_b")


def job_effects(cells: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Sum up a job: completeness, refusal gap with interval, tests and verdict.

    Args:
        cells: One row per ``keys, model_id, region`` and ``question_id`` with the counts
            ``expected, answered, failed, blocked, scored, refused``, no nulls.
        keys: Columns that name a job.

    Returns:
        One row per job, sorted by ``keys``: ``expected, answered, completeness,
        completeness_reason``; ``refusal_gap``, the largest difference between the refusal rates of
        two regions over all models, ``refusal_gap_ci_low, refusal_gap_ci_high`` (at a level that
        allows for having picked the largest, cut at 0), ``refusal_gap_method,
        refusal_gap_reason, highest_region, lowest_region``; ``n_tests, n_significant`` over the
        pairs of regions of each model, ``verdict, verdict_reason``.
    """
    completeness = cells.group_by(keys).agg(pl.col("expected", "answered").sum())
    pairs = pair_effects(cells, [*keys, "model_id"], keys)
    verdicts = verdict_of_pairs(pairs, keys).select(
        *keys, "n_tests", "n_significant", "verdict", "verdict_reason"
    )
    asked = pl.col("expected") > 0
    return (
        completeness.join(_gaps(cells, keys), on=list(keys), how="left", nulls_equal=True)
        .join(verdicts, on=list(keys), how="left", nulls_equal=True)
        .with_columns(
            pl.col("n_tests", "n_significant").fill_null(0),
            completeness=pl.when(asked).then(pl.col("answered") / pl.col("expected")),
            completeness_reason=pl.when(~asked).then(pl.lit("nothing_expected")),
            refusal_gap_reason=pl.when(pl.col("refusal_gap").is_null()).then(
                pl.coalesce("refusal_gap_reason", pl.lit("single_region"))
            ),
            verdict_reason=pl.when(pl.col("verdict").is_null())
            .then(pl.lit("single_region"))
            .otherwise("verdict_reason"),
            verdict=pl.col("verdict").fill_null(INSUFFICIENT_DATA),
        )
        .select(*keys, *_COLUMNS)
        .sort(keys)
    )


_COLUMNS = (
    "expected",
    "answered",
    "completeness",
    "completeness_reason",
    "refusal_gap",
    "refusal_gap_ci_low",
    "refusal_gap_ci_high",
    "refusal_gap_method",
    "refusal_gap_reason",
    "highest_region",
    "lowest_region",
    "n_tests",
    "n_significant",
    "verdict",
    "verdict_reason",
)


def _gaps(cells: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The largest difference between two regions of each job, or why there is none."""
    pooled = cells.group_by([*keys, "region", "question_id"]).agg(pl.col(_COUNTS).sum())
    scored = pooled.filter(pl.col("scored") > 0)
    measurable = scored.filter(pl.len().over([*keys, "region"]) >= MIN_QUESTIONS_SHOWN)
    # The largest of several differences is picked, so each has its part of the error.
    pairs = region_pairs(measurable, keys).with_columns(_alpha=ALPHA / pl.len().over(keys))
    differences = _differences(measurable, pairs, keys)
    gap = pl.col("difference")
    ends = [pl.col(name) * gap.sign().replace(0.0, 1.0) for name in ("ci_low", "ci_high")]
    largest = (
        differences.sort(gap.abs().round(12), *PAIR, descending=[True, False, False])
        .group_by(keys, maintain_order=True)
        .first()
        .select(
            *keys,
            "refusal_gap_method",
            refusal_gap=gap.abs(),
            # The gap is the larger rate minus the smaller one: it cannot be below 0.
            refusal_gap_ci_low=pl.min_horizontal(ends).clip(0),
            refusal_gap_ci_high=pl.max_horizontal(ends).clip(0),
            highest_region=pl.when(gap < 0).then("region_b").otherwise("region_a"),
            lowest_region=pl.when(gap < 0).then("region_a").otherwise("region_b"),
        )
    )
    reasons = (
        pooled.group_by([*keys, "region"])
        .agg(pl.col("scored", "failed", "blocked").sum())
        .group_by(keys)
        .agg(refusal_gap_reason=_reason())
    )
    return reasons.join(largest, on=list(keys), how="left", nulls_equal=True)


def _reason() -> pl.Expr:
    regions = (pl.col("scored") > 0).sum()
    return (
        pl.when(regions > 1)
        .then(pl.lit("too_few_questions"))
        .when(regions == 1)
        .then(pl.lit("single_region"))
        .when((pl.col("failed") + pl.col("blocked")).sum() > 0)
        .then(pl.lit("all_technical_failures"))
        .otherwise(pl.lit("no_answers"))
    )


def _differences(
    measurable: pl.DataFrame, pairs: pl.DataFrame, keys: Sequence[str]
) -> pl.DataFrame:
    """Question by question where two regions share enough questions, else of the whole regions."""
    grain = [*keys, *PAIR]
    matched = (
        shared_questions(measurable, keys)
        .filter((pl.col("scored_a") > 0) & (pl.col("scored_b") > 0))
        .group_by(grain, maintain_order=True)
        .agg(_LISTS)
        .filter(pl.col("scored_a").list.len() >= MIN_PAIRS)
        .join(pairs, on=grain, nulls_equal=True, maintain_order="left")
    )
    rest = pairs.join(matched, on=grain, how="anti", nulls_equal=True)
    region = [*keys, "region"]
    rates = with_intervals(
        measurable.select(*region, "question_id", hits="refused", answers="scored"), region
    ).select(*region, "estimate", "effective")
    for side in "ab":
        alone = rates.rename({name: f"{name}_{side}" for name in rates.columns[len(keys) :]})
        rest = rest.join(alone, on=[*keys, f"region_{side}"], how="left", nulls_equal=True)
    parts = [_independent(rest, grain)]
    for rows, matrices in stacked(matched, _LISTS):
        parts.append(_paired(matched[rows], matrices, grain))
    return pl.concat(parts)


def _paired(pairs: pl.DataFrame, matrices: list[Floats], grain: list[str]) -> pl.DataFrame:
    refused_a, scored_a, refused_b, scored_b = matrices
    differences = refused_a / scored_a - refused_b / scored_b
    padded = with_half_a_pair(differences, scored_a, scored_b)
    interval = paired_interval(padded, pairs["_alpha"].to_numpy())
    return _gap_rows(pairs.select(grain), differences.mean(axis=1), interval, "bca_paired")


def _independent(pairs: pl.DataFrame, grain: list[str]) -> pl.DataFrame:
    names = ("estimate_a", "effective_a", "estimate_b", "effective_b", "_alpha")
    rates_a, answers_a, rates_b, answers_b, alpha = (pairs[name].to_numpy() for name in names)
    interval = independent_interval(rates_a, answers_a, rates_b, answers_b, alpha)
    return _gap_rows(pairs.select(grain), rates_a - rates_b, interval, "newcombe")


def _gap_rows(
    pairs: pl.DataFrame, differences: Floats, interval: Floats, method: str
) -> pl.DataFrame:
    return pairs.with_columns(
        difference=pl.Series(differences, dtype=pl.Float64),
        ci_low=pl.Series(interval[:, 0], dtype=pl.Float64),
        ci_high=pl.Series(interval[:, 1], dtype=pl.Float64),
        refusal_gap_method=pl.lit(method),
    )
