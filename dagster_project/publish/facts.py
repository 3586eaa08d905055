"""What the warehouse says about a job, as publishing reads it. Values only; read by `read.py`."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Finding = dict[str, Any]
"""One difference or risk in the runner's JSON shape."""


@dataclass(frozen=True)
class Analysis:
    """The analysis that the portal shows of a job; one row of ``sql/publish/analyses.sql``.

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
    key_differences: list[Finding]
    risk_assessment: list[Finding]
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
    """A job that publishing looks at; one row of ``sql/publish/jobs.sql``.

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
