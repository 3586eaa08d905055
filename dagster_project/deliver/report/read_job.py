"""Reads one job for its report. Decides and formats nothing."""

from dataclasses import dataclass
from datetime import date

from dagster_project.deliver.report.read import (
    Connection,
    Row,
    read_provenance,
    rows_of,
    values_of,
)
from dagster_project.deliver.report.results import JobVerdict, Provenance

MOST_ANSWERS = 600
"""Answers of one job that a page shows."""

MOST_CHARACTERS = 120_000
"""Characters of one answer that a page shows."""


@dataclass(frozen=True)
class JobAnswer:
    """One current attempt of a job; columns as in executions_unified and scores.answers."""

    execution_key: str
    question: str
    category: str
    model: str
    region: str
    requested_region: str
    status: str
    answer_state: str | None
    exclusion_reason: str | None
    flags: list[str]
    duration_ms: int | None
    error_code: str | None
    error_message: str | None
    answer_text: str | None
    characters: int | None
    refusal_evidence: str | None
    regenerated: bool | None


@dataclass(frozen=True)
class Similarity:
    """Shared words of two answers, 0 to 1."""

    left_key: str
    right_key: str
    word_jaccard: float


@dataclass(frozen=True)
class JobData:
    """Everything that the page of one job shows.

    Attributes:
        job: Row of job_status.
        metrics: Row of fct_job_bias_metrics; None while there is none.
        progress: Rows of job_progress.
        provenance: Of this job.
        verdict: What the statistics say; None while they say nothing.
        answers: At most `MOST_ANSWERS`, in the order of the page.
        similarities: Of answers from two regions.
    """

    job: Row
    metrics: Row | None
    progress: list[Row]
    provenance: Provenance
    verdict: JobVerdict | None
    answers: list[JobAnswer]
    similarities: list[Similarity]


def read_job(connection: Connection, job_id: str) -> JobData | None:
    """Read one job.

    Args:
        connection: A `snapshot`.
        job_id: Public id of the job.

    Returns:
        The job; None when the warehouse does not hold it.
    """
    key = {"job_id": job_id}
    found = rows_of(connection, "status/job", key)
    if not found:
        return None
    (row,) = found
    bounds = {"most_answers": MOST_ANSWERS, "most_characters": MOST_CHARACTERS}
    return JobData(
        job=row["job"],
        metrics=row["metrics"],
        progress=[one["part"] for one in rows_of(connection, "status/job_progress", key)],
        provenance=read_provenance(connection, date.min, date.max, job_id),
        verdict=next(
            iter(values_of(connection, JobVerdict, "deliver/report/job_verdict", key)), None
        ),
        answers=values_of(connection, JobAnswer, "deliver/report/job_answers", {**key, **bounds}),
        similarities=values_of(connection, Similarity, "deliver/report/job_similarities", key),
    )
