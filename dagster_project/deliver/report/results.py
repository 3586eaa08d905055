"""Rows of the analysis tables as the report uses them. Nothing is computed here or later.

Belongs here: one value per grain, columns as in `docs/data_dictionary.md`. Does not belong here:
reading them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from dagster_project.deliver.report.view import VerdictKind
from dagster_project.partitions import Window

Status = Literal["ok", "insufficient", "not_applicable"]


@dataclass(frozen=True)
class RegionRate:
    """Refusals of one model in one region; status other than ok has no estimate."""

    model_id: str
    region: str
    k: int
    n: int
    questions: int
    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    status: Status
    reason: str | None


@dataclass(frozen=True)
class PairEffect:
    """Difference of refusal rates of one model between two regions; compared within jobs."""

    model_id: str
    region_a: str
    region_b: str
    n_pairs: int
    risk_difference: float | None
    ci_low: float | None
    ci_high: float | None
    q_value: float | None
    minimum_detectable_effect: float | None
    verdict: VerdictKind
    status: Status
    reason: str | None

    @property
    def pair(self) -> str:
        """Both regions, the first minus the second."""
        return f"{self.region_a} \N{MINUS SIGN} {self.region_b}"


@dataclass(frozen=True)
class TextEffect:
    """Distance of wording of one model between two regions and within them."""

    model_id: str
    region_a: str
    region_b: str
    questions: int
    questions_repeated: int
    between_regions: float | None
    within_regions: float | None
    excess_divergence: float | None
    ci_low: float | None
    ci_high: float | None
    q_value: float | None
    status: Status
    reason: str | None

    @property
    def pair(self) -> str:
        """Both regions."""
        return f"{self.region_a}, {self.region_b}"


@dataclass(frozen=True)
class TrendPoint:
    """Refusals of one model in one region in one period."""

    model_id: str
    region: str
    period_start: date
    k: int
    n: int
    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    status: Status


@dataclass(frozen=True)
class WeekOfSlots:
    """What became of the answers that were requested in a week (Monday)."""

    week: date
    expected: int
    answered: int
    failed: int
    missing: int


@dataclass(frozen=True)
class ModelVerdict:
    """What is known about regional differences of one model."""

    model_id: str
    n_tests: int
    n_significant: int
    largest_difference: float | None
    largest_ci_low: float | None
    largest_ci_high: float | None
    largest_q_value: float | None
    largest_region_a: str | None
    largest_region_b: str | None
    minimum_detectable_effect: float | None
    verdict: VerdictKind
    verdict_reason: str | None


@dataclass(frozen=True)
class MetricChange:
    """A period in which a metric moved beyond what noise explains."""

    metric: str
    model_id: str
    region: str
    period_kind: str
    period_start: date
    questions: int
    estimate: float | None
    baseline: float | None
    change: float | None
    ci_low: float | None
    ci_high: float | None
    q_value: float | None


@dataclass(frozen=True)
class JobsInState:
    """Jobs of one workflow by what became of their analysis."""

    workflow: str
    analysis_state: str
    jobs: int


@dataclass(frozen=True)
class Incident:
    """A known incident of the source and how often the data shows it."""

    incident_id: str
    title: str
    treatment: str
    unit: str
    affected: int
    total: int


@dataclass(frozen=True)
class NotableJob:
    """A job whose regions seem to differ most."""

    job_id: str
    job_day: date
    regions: list[str]
    completeness: float | None
    refusal_gap: float | None
    ci_low: float | None
    ci_high: float | None


@dataclass(frozen=True)
class JobVerdict:
    """What is known about regional differences within one job, all models together."""

    refusal_gap: float | None
    ci_low: float | None
    ci_high: float | None
    highest_region: str | None
    lowest_region: str | None
    n_tests: int
    n_significant: int
    verdict: VerdictKind
    verdict_reason: str | None


@dataclass(frozen=True)
class Totals:
    """What the days of the report hold."""

    first_day: date | None
    last_day: date | None
    jobs: int
    standard_jobs: int
    standard_jobs_analysed: int
    expected: int
    answered: int
    refusals: int
    scored_answers: int
    method_versions: list[str]


@dataclass(frozen=True)
class Provenance:
    """Where the jobs come from.

    Attributes:
        synthetic_jobs: Jobs that the demo made up.
        file_jobs: Jobs that were loaded from a file of answers.
        file_note: What such a file says about itself; None without a note.
        read_at: When the warehouse was read.
    """

    synthetic_jobs: int
    file_jobs: int
    file_note: str | None
    read_at: datetime


@dataclass(frozen=True)
class OverviewData:
    """Everything that the page about some days shows, all from one snapshot.

    Attributes:
        window: The days that were asked for; None for all.
        trend_kind: Kind of the periods of the trend, iso_week or day.
    """

    window: Window | None
    trend_kind: str
    totals: Totals
    provenance: Provenance
    verdicts: Sequence[ModelVerdict]
    rates: Sequence[RegionRate]
    pairs: Sequence[PairEffect]
    texts: Sequence[TextEffect]
    trend: Sequence[TrendPoint]
    changes: Sequence[MetricChange]
    weeks: Sequence[WeekOfSlots]
    states: Sequence[JobsInState]
    incidents: Sequence[Incident]
    jobs: Sequence[NotableJob]
