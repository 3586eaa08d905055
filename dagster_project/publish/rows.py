"""The runner's rows for the analysis of one job (docs/source.md). Pure.

Belongs here: what the warehouse says about a job, and which of it stands in which column. Does not
belong here: computing the values.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from dagster_project.extract.published import EXECUTION_COLUMNS, PUBLISHED_BY, SUMMARY_MARK
from dagster_project.score.runner_jobs import LEVELS


@dataclass(frozen=True)
class Analysis:
    """The analysis that the portal shows of a job; one row of ``publish/analyses.sql``.

    Attributes:
        method_version: Version of the rules that made the numbers.
        bias_variance: In [0, 1], as are the next three; None when nothing supports a number.
        censorship_rate: Share of answers with a censorship phrase.
        factual_consistency: Mean similarity of answers to the same question.
        summary: Sentences made from the numbers above, rounded to two decimals.
        made_at: When the job's last attempt completed, UTC.
        min_regions: constraints.min_regions of the job's spec; None when it says nothing.
        min_success_rate: constraints.min_success_rate of the job's spec; None likewise.
    """

    job_id: str
    method_version: str
    bias_variance: float | None
    censorship_rate: float | None
    factual_consistency: float | None
    narrative_divergence: float | None
    key_differences: list[dict[str, Any]]
    risk_assessment: list[dict[str, Any]]
    recommendation: str
    summary: str
    made_at: datetime
    min_regions: Decimal | None
    min_success_rate: Decimal | None


@dataclass(frozen=True)
class Region:
    """What one region made of a job; one row of ``intermediate.int_region_results__presented``.

    Attributes:
        region: US, EU, ASIA or OTHER: the one that answered, else the one that was asked.
        attempts: Current attempts that this region served or, unanswered, was asked for.
        answers: Those of them with a usable answer.
        started_at: Start of the first attempt, UTC; None without attempts.
        execution_key: The first usable answer in the order of ids; None without one, as the rest.
        model_id: Canonical id of the model that gave it.
        bias_score: Mean over the region's answers; None when none carries one.
        is_censorship_detected: Whether any answer matches a censorship pattern.
        keywords_detected: Keyword flags of all its answers, sorted.
    """

    job_id: str
    region: str
    attempts: int
    answers: int
    started_at: datetime | None
    completed_at: datetime | None
    execution_key: str | None
    provider_id: str | None
    model_id: str | None
    answer_text: str | None
    output_data: Any
    bias_score: float | None
    is_censorship_detected: bool | None
    factual_accuracy: float | None
    political_sensitivity: float | None
    keywords_detected: list[str] | None


@dataclass(frozen=True)
class Job:
    """A job that publishing looks at; one row of ``publish/jobs.sql``.

    Attributes:
        job_day: Its day, UTC; None when nobody knows it any more.
        method_version: Version of the rules that made its numbers; None without numbers.
        reason: Why it has no analysis to publish; None when it has one.
    """

    job_id: str
    job_day: date | None
    method_version: str | None
    reason: str | None
    explanation: str


_PUBLICATIONS = UUID("5f0c9f4e-2f4d-5d0a-9a86-3c6d0b6f7a11")
"""Name space of all ids below; another one would make every published row a stranger."""


def execution_id(job_id: str, method_version: str) -> UUID:
    """Return the id of a job's cross_region_executions row."""
    return uuid5(_PUBLICATIONS, f"{job_id}/{method_version}")


def region_result_id(execution: UUID, region: str) -> UUID:
    """Return the id of a region's region_results row."""
    return uuid5(execution, f"region/{region}")


def analysis_id(execution: UUID) -> UUID:
    """Return the id of the cross_region_analyses row."""
    return uuid5(execution, "analysis")


TABLES = tuple(EXECUTION_COLUMNS)
"""The tables that are written, each after those that it refers to."""

MOST_ROWS_PER_JOB = 6
"""One execution, one analysis and a result per canonical region, of which there are four."""

DEFAULT_MIN_REGIONS = 3
DEFAULT_MIN_SUCCESS_RATE = Decimal("0.67")
MOST_REGIONS = 100
LONGEST_MODEL_ID = 50
NO_ANSWER = "No usable answer came from this region."

Row = Mapping[str, object]
"""Values by column; JSON columns hold what `json` would load."""

Rows = Mapping[str, Sequence[Row]]
"""Rows by table, for one job."""


def published_rows(analysis: Analysis, regions: Sequence[Region]) -> Rows:
    """Return what a job's bias page needs.

    Returns:
        One execution, one result per region and one analysis, with every column that is written,
        the optional ones too.
    """
    execution = execution_id(analysis.job_id, analysis.method_version)
    started_at = min((r.started_at for r in regions if r.started_at), default=analysis.made_at)
    return {
        "cross_region_executions": [_execution(execution, analysis, regions, started_at)],
        "region_results": [
            _region_result(execution, analysis, region, started_at) for region in regions
        ],
        "cross_region_analyses": [_analysis(execution, analysis)],
    }


def execution_of(rows: Rows) -> UUID:
    """Return the id of the execution among the rows that a job should have."""
    return UUID(str(rows[TABLES[0]][0]["id"]))


def execution_status(successes: int, total: int, min_success_rate: Decimal) -> str:
    """Return the runner's verdict on a cross-region execution.

    Args:
        min_success_rate: Least share of regions, in [0, 1].
    """
    if successes == 0:
        return "failed"
    return "completed" if successes >= min_success_rate * total else "partial"


def _execution(
    execution: UUID, analysis: Analysis, regions: Sequence[Region], started_at: datetime
) -> Row:
    successes = sum(region.answers > 0 for region in regions)
    rate = _min_success_rate(analysis.min_success_rate)
    completed_at = max(
        (r.completed_at for r in regions if r.completed_at), default=analysis.made_at
    )
    return {
        "id": execution,
        "jobspec_id": analysis.job_id,
        "total_regions": len(regions),
        "success_count": successes,
        "failure_count": len(regions) - successes,
        "min_regions_required": _min_regions(analysis.min_regions),
        "min_success_rate": rate,
        "status": execution_status(successes, len(regions), rate),
        "started_at": started_at,
        "completed_at": completed_at,
        "duration_ms": _milliseconds(started_at, completed_at),
        "created_at": analysis.made_at,
        "updated_at": analysis.made_at,
    }


def _region_result(
    execution: UUID, analysis: Analysis, region: Region, started_at: datetime
) -> Row:
    answered = region.answers > 0
    model_fits = region.model_id is not None and len(region.model_id) <= LONGEST_MODEL_ID
    return {
        "id": region_result_id(execution, region.region),
        "cross_region_execution_id": execution,
        "region": region.region,
        "provider_id": region.provider_id or "",
        "status": "success" if answered else "failed",
        "started_at": region.started_at or started_at,
        "completed_at": region.completed_at,
        "duration_ms": _milliseconds(region.started_at, region.completed_at),
        "execution_output": _output(region) if answered else None,
        "error_message": "" if answered else NO_ANSWER,
        "scoring": _scoring(region) if answered else None,
        "metadata": {
            "success_count": region.answers,
            "failure_count": region.attempts - region.answers,
            "total_executions": region.attempts,
            "published_by": PUBLISHED_BY,
            "method_version": analysis.method_version,
            **({"execution_key": region.execution_key} if answered else {}),
        },
        "created_at": analysis.made_at,
        "updated_at": analysis.made_at,
        # An id that the column cannot hold stays in the output's metadata.
        "model_id": region.model_id if model_fits else None,
    }


def _output(region: Region) -> dict[str, Any]:
    stored = region.output_data if isinstance(region.output_data, dict) else {}
    metadata, bias_score = stored.get("metadata"), stored.get("bias_score")
    # A receipt holds the same answer once more.
    kept = {key: value for key, value in _object(metadata).items() if key != "receipt"}
    text = region.answer_text or ""
    return {
        "data": {
            "response": text,
            "metadata": {"region": region.region, "model": region.model_id, **kept},
            **({"bias_score": bias_score} if isinstance(bias_score, dict) else {}),
        },
        "hash": sha256(text.encode()).hexdigest(),
    }


def _scoring(region: Region) -> dict[str, Any]:
    return {
        # None as long as no answer carries one: the runner's own default would be a measurement.
        "bias_score": region.bias_score,
        "censorship_detected": region.is_censorship_detected,
        "factual_accuracy": region.factual_accuracy,
        "political_sensitivity": region.political_sensitivity,
        "keywords_detected": region.keywords_detected,
    }


def _analysis(execution: UUID, analysis: Analysis) -> Row:
    return {
        "id": analysis_id(execution),
        "cross_region_execution_id": execution,
        "bias_variance": rounded(analysis.bias_variance, 4),
        "censorship_rate": rounded(analysis.censorship_rate, 2),
        "factual_consistency": rounded(analysis.factual_consistency, 2),
        "narrative_divergence": rounded(analysis.narrative_divergence, 2),
        "key_differences": analysis.key_differences,
        "risk_assessment": analysis.risk_assessment,
        "summary": f"{analysis.summary} {SUMMARY_MARK}, method {analysis.method_version}.",
        "recommendation": f"{analysis.recommendation}: {_reasons(analysis.risk_assessment)}.",
        "created_at": analysis.made_at,
        "updated_at": analysis.made_at,
        "summary_source": PUBLISHED_BY,
    }


def _reasons(risks: Sequence[dict[str, Any]]) -> str:
    """Say which risks there are, each kind once and with its highest level."""
    return ", ".join(f"{kind} ({level})" for kind, level in _worst(risks)) or "no risk was found"


def _worst(risks: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for kind in dict.fromkeys(risk["type"] for risk in risks):
        levels = [risk["severity"] for risk in risks if risk["type"] == kind]
        yield kind, max(levels, key=LEVELS.index)


def rounded(value: float | None, places: int) -> Decimal | None:
    """Round as Postgres does when a number goes into a numeric column."""
    if value is None:
        return None
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _min_success_rate(stated: Decimal | None) -> Decimal:
    if stated is None or not 0 <= stated <= 1:
        return DEFAULT_MIN_SUCCESS_RATE
    return stated.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _min_regions(stated: Decimal | None) -> int:
    if stated is None or not 1 <= stated <= MOST_REGIONS:
        return DEFAULT_MIN_REGIONS
    return int(stated)


def _milliseconds(start: datetime | None, end: datetime | None) -> int | None:
    if start is None or end is None or end < start:
        return None
    return (end - start) // timedelta(milliseconds=1)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
