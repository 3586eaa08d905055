"""Between the stored counts and the statistics: shapes rows for both.

Belongs here: which cells a statistic is given, and where its results stand in a table. Does not
belong here: the statistics themselves, and the database.
"""

from collections.abc import Mapping

import polars as pl

from dagster_project.analyse.drift import metric_changes
from dagster_project.analyse.jobs import job_effects
from dagster_project.analyse.pairs import pair_effects
from dagster_project.analyse.rates import region_rates
from dagster_project.analyse.reasons import INSUFFICIENT_DATA
from dagster_project.analyse.texts import text_effects
from dagster_project.analyse.verdicts import model_verdicts

PERIOD = ("period_kind", "period_start")
MODEL = (*PERIOD, "model_id")
JOB = ("job_id", "job_day")
SERIES = ("metric", "period_kind", "model_id", "region")

CELLS = pl.Schema(
    {
        "region_basis": pl.String(),
        "period_kind": pl.String(),
        "period_start": pl.Date(),
        "model_id": pl.String(),
        "region": pl.String(),
        "question_id": pl.String(),
        "expected": pl.Int64(),
        "answered": pl.Int64(),
        "failed": pl.Int64(),
        "blocked": pl.Int64(),
        "scored": pl.Int64(),
        "refused": pl.Int64(),
        "regenerated_scored": pl.Int64(),
        "regenerated_refused": pl.Int64(),
        "question_category": pl.String(),
    }
)
"""Columns of ``sql/analyse/question_outcomes.sql``."""

DISTANCES = pl.Schema(
    {
        "period_kind": pl.String(),
        "period_start": pl.Date(),
        "model_id": pl.String(),
        "region_a": pl.String(),
        "region_b": pl.String(),
        "question_id": pl.String(),
        "pairs": pl.Int64(),
        "distance_total": pl.Float64(),
    }
)
"""Columns of ``sql/analyse/question_distances.sql``."""

STARTS = pl.Schema(
    {
        "metric": pl.String(),
        "period_kind": pl.String(),
        "model_id": pl.String(),
        "region": pl.String(),
        "period_start": pl.Date(),
    }
)
"""Columns of ``sql/analyse/series.sql``."""

VALUES = pl.Schema(
    {
        **STARTS,
        "question_id": pl.String(),
        "total": pl.Float64(),
        "n": pl.Int64(),
    }
)
"""Columns of ``sql/analyse/values.sql``."""

JOB_CELLS = pl.Schema(
    {
        "job_id": pl.String(),
        "job_day": pl.Date(),
        "job_expected": pl.Int64(),
        "job_answered": pl.Int64(),
        "completeness": pl.Float64(),
        "model_id": pl.String(),
        "region": pl.String(),
        "question_id": pl.String(),
        "expected": pl.Int64(),
        "answered": pl.Int64(),
        "failed": pl.Int64(),
        "blocked": pl.Int64(),
        "scored": pl.Int64(),
        "refused": pl.Int64(),
    }
)
"""Columns of ``sql/analyse/job_cells.sql``."""


CATEGORY_PAIRS = (
    *("period_kind", "period_start", "question_category", "model_id", "region_a", "region_b"),
    *("n_pairs", "b", "c", "rate_a", "rate_b", "risk_difference", "ci_low", "ci_high", "method"),
    *("p_value", "p_reason", "q_value", "minimum_detectable_effect", "mde_reason"),
    *("bound_low", "bound_high", "status", "reason"),
)
"""Columns of ``category_pair_effects``."""


def period_tables(cells: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
    """Compute everything that is made of outcomes, for whole periods.

    Args:
        cells: ``CELLS`` of every region basis of some periods.

    Returns:
        Rows of ``region_rates``, ``region_pair_effects``, ``category_pair_effects`` and
        ``model_verdicts`` by name of the table. The main columns are by actual region with every
        answer; what comes out without regenerated answers, and by requested region, stands beside.
    """
    actual = cells.filter(pl.col("region_basis") == "actual")
    variants = {
        "": actual,
        "_without_regenerated": actual.with_columns(
            scored=pl.col("scored") - pl.col("regenerated_scored"),
            refused=pl.col("refused") - pl.col("regenerated_refused"),
        ),
        "_by_requested_region": cells.filter(pl.col("region_basis") == "requested"),
    }
    rates = {name: region_rates(variant, MODEL) for name, variant in variants.items()}
    pairs = {name: pair_effects(variant, MODEL, PERIOD) for name, variant in variants.items()}
    verdicts = {
        name: model_verdicts(variant, pairs[name], MODEL) for name, variant in variants.items()
    }
    return {
        "region_rates": _beside(rates, (*MODEL, "region", "metric"), ("estimate",)),
        "region_pair_effects": _beside(
            pairs, (*MODEL, "region_a", "region_b"), ("risk_difference", "q_value")
        ),
        "category_pair_effects": _category_pairs(actual),
        "model_verdicts": _beside(verdicts, MODEL, ("verdict",)),
    }


def _category_pairs(actual: pl.DataFrame) -> pl.DataFrame:
    """Pairs of regions by the questions of one category; a question without one is in none."""
    family = (*PERIOD, "question_category")
    of_category = actual.filter(pl.col("question_category").is_not_null())
    return pair_effects(of_category, (*family, "model_id"), family).select(CATEGORY_PAIRS)


def _beside(
    variants: Mapping[str, pl.DataFrame], key: tuple[str, ...], columns: tuple[str, ...]
) -> pl.DataFrame:
    """The first variant with some columns of the others, which carry the variant's suffix."""
    (_, rows), *others = variants.items()
    for suffix, other in others:
        added = other.select(*key, *(pl.col(name).alias(f"{name}{suffix}") for name in columns))
        rows = rows.join(added, on=key, how="left")
    return rows


def text_table(distances: pl.DataFrame) -> pl.DataFrame:
    """Compute how far texts of regions diverge beyond what repeats do, for whole periods.

    Args:
        distances: ``DISTANCES`` of some periods; a region with itself holds its repeats.

    Returns:
        Rows of ``text_divergence``.
    """
    mean = pl.col("distance_total") / pl.col("pairs")
    question = (*MODEL, "question_id")
    repeats = distances.filter(pl.col("region_a") == pl.col("region_b")).with_columns(mean=mean)
    between = distances.filter(pl.col("region_a") != pl.col("region_b")).select(
        *question, "region_a", "region_b", between=mean
    )
    for side in ("a", "b"):
        within = repeats.select(*question, f"region_{side}", pl.col("mean").alias(f"within_{side}"))
        between = between.join(within, on=(*question, f"region_{side}"), how="left")
    return text_effects(between, MODEL, PERIOD).rename(
        {
            "between": "between_regions",
            "within": "within_regions",
            "excess": "excess_divergence",
        }
    )


def job_table(cells: pl.DataFrame) -> pl.DataFrame:
    """Compute the effects within jobs.

    Args:
        cells: ``JOB_CELLS`` of whole jobs; a job without attempts has one row without a region.

    Returns:
        Rows of ``job_verdicts``. How complete a job is comes from job_status, which knows what was
        asked for.
    """
    jobs = cells.select(
        *JOB,
        "completeness",
        expected="job_expected",
        answered="job_answered",
        completeness_reason=pl.when(pl.col("completeness").is_null()).then(
            pl.lit("nothing_expected")
        ),
    ).unique()
    effects = job_effects(cells.filter(pl.col("region").is_not_null()), JOB)
    nothing = pl.lit("no_attempts")
    without_attempts = pl.col("verdict").is_null()
    return jobs.join(
        effects.drop("expected", "answered", "completeness", "completeness_reason"),
        on=JOB,
        how="left",
    ).with_columns(
        pl.col("n_tests", "n_significant").fill_null(0),
        pl.col("verdict").fill_null(INSUFFICIENT_DATA),
        *(
            pl.when(without_attempts).then(nothing).otherwise(reason).alias(reason)
            for reason in ("verdict_reason", "refusal_gap_reason")
        ),
    )


def change_table(
    values: pl.DataFrame, needed: pl.DataFrame, compared: pl.DataFrame
) -> pl.DataFrame:
    """Compare periods with those before them.

    Args:
        values: ``VALUES`` of one kind of period.
        needed: ``SERIES, period_start`` of the periods to compare and their baselines.
        compared: ``period_kind, period_start`` of the periods to compare.

    Returns:
        Rows of ``metric_changes`` of the compared periods.
    """
    watched = values.join(needed, on=(*SERIES, "period_start"), how="semi")
    return metric_changes(watched, SERIES, PERIOD).join(compared, on=PERIOD, how="semi")
