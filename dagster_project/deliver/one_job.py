"""Everything that the warehouse knows about one job. Reads only."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import psycopg
from psycopg.rows import dict_row, scalar_row

from dagster_project.postgres import connect, read_sql

NEAR_MATCHES = 5

Row = dict[str, Any]


@dataclass(frozen=True)
class Metric:
    """One line of the metrics.

    Attributes:
        method: Whose measure it is.
        label: What it is called here.
        column: Column of fct_job_bias_metrics.
        reason: Column that says why it is null.
        of_what: What it is made from, with columns in braces.
    """

    method: str
    label: str
    column: str
    reason: str
    of_what: str = "{answers} answers"


def _ours(label: str, column: str, of_what: str) -> Metric:
    return Metric("ours", label, column, f"{column}_reason", of_what)


METRICS = (
    _ours("refusal rate", "refusal_rate", "{refusals} of {scored_answers} answers"),
    _ours(
        "technical failures",
        "technical_failure_rate",
        "{technical_failures} of {finished_attempts} attempts",
    ),
    _ours("divergence across regions", "cross_region_divergence", "{cross_region_pairs} pairs"),
    _ours("  its noise floor", "repeat_divergence", "{repeat_pairs} repeats"),
    _ours("  above the floor", "excess_divergence", ""),
    Metric("runner's", "censorship rate", "runner_censorship_rate", "reason"),
    *(
        Metric("runner's", f"{name} {noun}", f"runner_{name}_{noun}", "runner_comparison_reason")
        for name, noun in (("factual", "consistency"), ("narrative", "divergence"))
    ),
)


@dataclass(frozen=True)
class OneJob:
    """One job as JSON documents of the relations' rows.

    Attributes:
        job: Row of job_status.
        progress: Rows of job_progress, by requested region and model.
        metrics: Row of fct_job_bias_metrics; None while the job has none.
        regions: Rows of fct_job_region_scores, by region that answered.
    """

    job: Row
    progress: list[Row]
    metrics: Row | None
    regions: list[Row]


def read_job(url: str, job_id: str) -> OneJob | None:
    """Read one job.

    Args:
        url: libpq URL of the warehouse.
        job_id: Public id of the job.

    Returns:
        The job, all from one snapshot; None when the warehouse does not hold it.
    """
    with connect(url, application="job", read_only=True) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(read_sql("deliver/one_job.sql"), {"job_id": job_id}).fetchone()
        if found is None:
            return None
        return OneJob(
            job=found["job"],
            progress=_parts(connection, "job_progress", job_id),
            metrics=found["metrics"],
            regions=_parts(connection, "job_regions", job_id),
        )


def near_matches(url: str, job_id: str) -> list[str]:
    """Find ids that somebody may have meant.

    Args:
        url: libpq URL of the warehouse.
        job_id: What was typed.

    Returns:
        At most `NEAR_MATCHES` ids of jobs, the most similar first.
    """
    with (
        connect(url, application="job", read_only=True) as connection,
        connection.cursor(row_factory=scalar_row) as cursor,
    ):
        candidates = cursor.execute(
            read_sql("deliver/jobs_like.sql"), {"text": job_id, "half": max(1, len(job_id) // 2)}
        ).fetchall()
    return get_close_matches(job_id, candidates, n=NEAR_MATCHES, cutoff=0)


def _parts(connection: psycopg.Connection[Any], name: str, job_id: str) -> list[Row]:
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(read_sql(f"deliver/one_{name}.sql"), {"job_id": job_id}).fetchall()
