"""Everything that the warehouse knows about one job. Reads only."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import scalar_row

from dagster_project.postgres import connect

NEAR_MATCHES = 5

# A slip is in one half of an id only.
LIKE = """
select job_id
from analytics.job_status
where
    starts_with(job_id, left(%(text)s, %(half)s))
    or right(job_id, %(half)s) = right(%(text)s, %(half)s)
    or strpos(job_id, %(text)s) > 0
order by job_day desc, job_id asc
limit 1000
"""

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
        verdict: Row of job_verdicts: whether its regions differ in it; None while it has none.
        regions: Rows of fct_job_region_scores, by region that answered.
    """

    job: Row
    progress: list[Row]
    metrics: Row | None
    verdict: Row | None
    regions: list[Row]


@contextmanager
def snapshot(url: str, application: str) -> Iterator[psycopg.Connection[Any]]:
    """Open a session that can only read and in which every query sees the same state."""
    with connect(url, application=application, read_only=True) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield connection


def read_job(connection: psycopg.Connection[Any], job_id: str) -> OneJob | None:
    """Read one job by its public id; None when the warehouse does not hold it."""
    found = _documents(connection, "job_status", job_id)
    if not found:
        return None
    metrics = _documents(connection, "fct_job_bias_metrics", job_id)
    verdicts = _documents(connection, "job_verdicts", job_id)
    return OneJob(
        job=found[0],
        progress=_documents(connection, "job_progress", job_id, "requested_region", "model_id"),
        metrics=metrics[0] if metrics else None,
        verdict=verdicts[0] if verdicts else None,
        regions=_documents(connection, "fct_job_region_scores", job_id, "region"),
    )


def incident_titles(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Read what flags mean, in words, by flag; not every flag is an incident."""
    statement = "select flag, title from seeds.incidents order by unit = 'job'"
    return dict(connection.execute(statement).fetchall())


def near_matches(url: str, job_id: str) -> list[str]:
    """Return at most `NEAR_MATCHES` ids that somebody may have meant, the most similar first."""
    with (
        connect(url, application="job", read_only=True) as connection,
        connection.cursor(row_factory=scalar_row) as cursor,
    ):
        values = {"text": job_id, "half": max(1, len(job_id) // 2)}
        candidates = cursor.execute(LIKE, values).fetchall()
    return get_close_matches(job_id, candidates, n=NEAR_MATCHES, cutoff=0)


def _documents(
    connection: psycopg.Connection[Any], relation: str, job_id: str, *order: str
) -> list[Row]:
    statement = sql.SQL("select to_jsonb(job) from {} as job where job_id = %s order by {}").format(
        sql.Identifier("analytics", relation),
        sql.SQL(", ").join(map(sql.Identifier, order or ("job_id",))),
    )
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(statement, (job_id,)).fetchall()
