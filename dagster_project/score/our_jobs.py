"""Our measures of a job: how often it was refused, and how far regions differ beyond chance.

Belongs here: summing up answers and pairs of one job. Does not belong here: intervals and tests
over many jobs (analyse).
"""

import polars as pl

from dagster_project.score.refusals import SCORED_STATES

MIN_ANSWERS = 5
"""A rate of fewer answers or attempts is not shown; its counts are. As rules.minimum_sample."""


def our_job_scores(answers: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Sum up our measures per job.

    Args:
        answers: Usable answers of whole jobs: ``job_id, region, answer_state, counts`` (false for
            answers that are out of rates and comparisons).
        pairs: ``score_pairs`` of the same answers.

    Returns:
        One row per job, by job_id: ``refusals`` of ``scored_answers``, ``refusal_rate``; for
        ``cross_region`` and ``repeat`` the number of pairs and the mean of 1 - word_jaccard
        (``_pairs``, ``_divergence``); ``excess_divergence``, what regions differ by beyond repeats,
        which are the noise floor. A value that cannot be computed is null and its ``_reason`` says
        why.
    """
    state = pl.col("answer_state").filter("counts")
    jobs = answers.group_by("job_id").agg(
        _regions=pl.col("region").filter("counts").n_unique(),
        refusals=(state == "refusal").sum().cast(pl.Int64),
        scored_answers=state.is_in(SCORED_STATES).sum().cast(pl.Int64),
    )
    divergences = pairs.group_by("job_id").agg(
        *_divergence("cross_region"),
        *_divergence("repeat"),
    )
    return (
        jobs.join(divergences, on="job_id", how="left")
        .with_columns(pl.col("cross_region_pairs", "repeat_pairs").fill_null(0))
        .with_columns(
            _refusal_rate(),
            excess_divergence=pl.col("cross_region_divergence") - pl.col("repeat_divergence"),
            cross_region_divergence_reason=_no_comparison(),
            repeat_divergence_reason=_too_few(pl.col("repeat_divergence").is_null()),
        )
        .with_columns(
            refusal_rate_reason=_too_few(pl.col("refusal_rate").is_null()),
            excess_divergence_reason=pl.coalesce(
                "cross_region_divergence_reason", "repeat_divergence_reason"
            ),
        )
        .select(*COLUMNS)
        .sort("job_id")
    )


COLUMNS = (
    "job_id",
    "refusals",
    "scored_answers",
    "refusal_rate",
    "refusal_rate_reason",
    "cross_region_pairs",
    "cross_region_divergence",
    "cross_region_divergence_reason",
    "repeat_pairs",
    "repeat_divergence",
    "repeat_divergence_reason",
    "excess_divergence",
    "excess_divergence_reason",
)


def _divergence(kind: str) -> tuple[pl.Expr, pl.Expr]:
    divergence = (1 - pl.col("word_jaccard")).filter(pl.col("comparison") == kind)
    return (
        divergence.len().cast(pl.Int64).alias(f"{kind}_pairs"),
        divergence.mean().alias(f"{kind}_divergence"),
    )


def _refusal_rate() -> pl.Expr:
    rate = pl.col("refusals") / pl.col("scored_answers")
    enough = pl.col("scored_answers") >= MIN_ANSWERS
    return pl.when(enough).then(rate).alias("refusal_rate")


def _too_few(missing: pl.Expr) -> pl.Expr:
    return pl.when(missing).then(pl.lit("too_few_answers"))


def _no_comparison() -> pl.Expr:
    return (
        pl.when(pl.col("cross_region_divergence").is_not_null())
        .then(None)
        .when(pl.col("_regions") > 1)
        .then(pl.lit("too_few_answers"))
        .otherwise(pl.lit("single_region"))
    )
