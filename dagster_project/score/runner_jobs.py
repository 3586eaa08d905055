"""The runner's metrics of a job, from its scored answers and their similarities.

Belongs here: variance, rates, consistency, and the questions on which the regions differ. Does
not belong here: how a difference or a risk is worded (``findings``).
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import polars as pl

from dagster_project.score.findings import (
    Finding,
    job_risks,
    question_differences,
    recommendation,
)
from dagster_project.score.runner_method import runner_method

QUESTION = ["job_id", "question_id"]

STANCES = [f"stance_{name}" for name in runner_method().stances.keywords]

_READ = ["execution_key", "job_id", "question_id", "sequence", "bias_score", "is_censored", "tone"]
_FINDINGS = {
    "runner_key_differences": pl.String,
    "runner_risks": pl.String,
    "runner_recommendation": pl.String,
}


def sum_in_order(values: pl.Expr) -> pl.Expr:
    """Add numbers one after the other, as the runner does, so that equal sums compare equal.

    Args:
        values: Numbers of a group.

    Returns:
        Their plain sum; the library's own sum of a group corrects rounding errors.
    """
    return values.cum_sum().last()


def mean_in_order(values: pl.Expr) -> pl.Expr:
    """Return the mean of numbers added one after the other."""
    return sum_in_order(values) / values.len()


def runner_job_scores(answers: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Compute what the runner's engine computes for each job.

    Args:
        answers: Usable answers of whole jobs with ``runner_answer_scores`` beside them:
            ``execution_key, job_id, question_id, region, sequence, bias_score, is_censored, tone,
            stance_<name>``.
        pairs: ``score_pairs`` of the same answers.

    Returns:
        One row per job, by job_id: the ``runner_*`` columns of ``scores.job_metrics`` and
        ``regions_with_responses``. Differences and risks are JSON text.
    """
    read = answers.select(*_READ, *STANCES, pl.col("region").fill_null(""))
    ordered = read.sort("job_id", "sequence", "execution_key")
    pairs = pairs.with_columns(pl.col("left_region", "right_region").fill_null(""))
    jobs = ordered.group_by("job_id", maintain_order=True).agg(
        regions=pl.col("region").unique().sort(),
        censored_regions=pl.col("region").filter("is_censored").unique().sort(),
        runner_censorship_rate=pl.col("is_censored").sum() / pl.len(),
    )
    questions = _variance(ordered).join(_consistency(pairs), on=QUESTION, how="left")
    compared = questions.group_by("job_id", maintain_order=True).agg(
        variance=mean_in_order(pl.col("variance")), consistency=mean_in_order(pl.col("similarity"))
    )
    comparable = pl.col("regions").list.len() > 1
    numbers = jobs.join(compared, on="job_id", how="left", maintain_order="left").with_columns(
        runner_bias_variance=pl.when(comparable).then(pl.col("variance")).fill_null(0.0),
        runner_factual_consistency=pl.when(comparable).then(pl.col("consistency")).fill_null(1.0),
    )
    return _with_findings(numbers, questions_of_regions(ordered, pairs))


def _variance(answers: pl.DataFrame) -> pl.DataFrame:
    score = pl.col("bias_score").fill_null(0.0)
    squares = (score - mean_in_order(score)) ** 2
    deviation = mean_in_order(squares).sqrt()
    return (
        answers.filter(pl.col("question_id").is_not_null())
        .group_by(QUESTION, maintain_order=True)
        .agg(pl.len().alias("answers"), variance=(2 * deviation).clip(upper_bound=1.0))
        .filter(pl.col("answers") > 1)
    )


def _consistency(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.group_by(QUESTION, maintain_order=True).agg(
        similarity=mean_in_order(pl.col("runner_jaccard"))
    )


def questions_of_regions(answers: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Set the last answer of each region beside each other, question by question.

    Args:
        answers: As for ``runner_job_scores``, in id order.
        pairs: As for ``runner_job_scores``.

    Returns:
        One row per question that at least two regions answered: lists ``region, is_censored,
        tone, stance_<name>`` in the order of the regions' names, and lists ``left_region,
        right_region, runner_jaccard`` of the pairs between them.
    """
    last = (
        answers.filter(pl.col("question_id").is_not_null())
        .unique([*QUESTION, "region"], keep="last", maintain_order=True)
        .sort(*QUESTION, "region")
    )
    questions = (
        last.group_by(QUESTION, maintain_order=True)
        .agg("region", "is_censored", "tone", *STANCES)
        .filter(pl.col("region").list.len() > 1)
    )
    keys = last.select("execution_key")
    between = (
        pairs.join(keys, left_on="left_key", right_on="execution_key", how="semi")
        .join(keys, left_on="right_key", right_on="execution_key", how="semi")
        .group_by(QUESTION, maintain_order=True)
        .agg("left_region", "right_region", "runner_jaccard")
    )
    return questions.join(between, on=QUESTION, maintain_order="left")


def _with_findings(jobs: pl.DataFrame, questions: pl.DataFrame) -> pl.DataFrame:
    differences: dict[str, list[Finding]] = defaultdict(list)
    for question in questions.iter_rows(named=True):
        differences[question["job_id"]] += question_differences(question)
    found = [_findings(job, differences[job["job_id"]]) for job in jobs.iter_rows(named=True)]
    return jobs.select(
        "job_id",
        pl.col("regions").list.len().cast(pl.Int64).alias("regions_with_responses"),
        "runner_bias_variance",
        "runner_censorship_rate",
        "runner_factual_consistency",
        runner_narrative_divergence=1 - pl.col("runner_factual_consistency"),
    ).hstack(pl.DataFrame(found, schema=_FINDINGS, orient="row"))


def _findings(job: Mapping[str, Any], differences: list[Finding]) -> tuple[str, str, str]:
    rate, variance = job["runner_censorship_rate"], job["runner_bias_variance"]
    risks = job_risks(rate, variance, differences, job["regions"], job["censored_regions"])
    advice = recommendation(rate, variance, risks)
    return json.dumps(differences), json.dumps(risks), advice
