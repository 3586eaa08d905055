"""Rows of the runner's tables in COPY order. Times are ISO texts in UTC; JSON is rendered text."""

from datetime import datetime
from typing import NamedTuple


def stamp(moment: datetime) -> str:
    """Return a moment as Postgres text without offset, in UTC, to the millisecond.

    Both kinds of timestamp column read it as UTC, because every session runs in UTC.
    """
    return moment.isoformat(sep=" ", timespec="milliseconds")[:-6]


class JobRow(NamedTuple):
    """One row of jobs."""

    id: int
    jobspec_id: str
    jobspec_data: str
    status: str | None
    created_at: str | None
    updated_at: str | None


class ExecutionRow(NamedTuple):
    """One row of executions; columns that no code of the runner fills are left to defaults."""

    id: int
    job_id: int | None
    provider_id: str
    region: str
    status: str | None
    started_at: str | None
    completed_at: str | None
    created_at: str | None
    output_data: str | None
    receipt_data: str | None
    model_id: str | None
    question_id: str | None
    system_prompt: str | None = None
    retry_count: int = 0
    max_retries: int = 3
    last_retry_at: str | None = None
    retry_history: str | None = "[]"
    original_error: str | None = None
    ipfs_cid: str | None = None
    ipfs_pinned_at: str | None = None
    region_claimed: str | None = None
    region_observed: str | None = None
    verification_method: str | None = None
    preflight_evidence_ref: str | None = None
    region_verified: str | None = None


class CrossRegionExecutionRow(NamedTuple):
    """One row of cross_region_executions."""

    id: str
    jobspec_id: str
    total_regions: int
    success_count: int
    failure_count: int
    status: str
    started_at: str
    completed_at: str | None
    duration_ms: int | None
    created_at: str
    updated_at: str


class RegionResultRow(NamedTuple):
    """One row of region_results; scoring is never filled for successes before it is computed."""

    id: str
    cross_region_execution_id: str
    region: str
    provider_id: str | None
    provider_info: str | None
    status: str
    started_at: str
    completed_at: str | None
    duration_ms: int | None
    execution_output: str | None
    error_message: str | None
    scoring: str | None
    metadata: str | None
    created_at: str
    updated_at: str


class AnalysisRow(NamedTuple):
    """One row of cross_region_analyses."""

    id: str
    cross_region_execution_id: str
    bias_variance: str | None
    censorship_rate: str | None
    factual_consistency: str | None
    narrative_divergence: str | None
    key_differences: str | None
    risk_assessment: str | None
    summary: str | None
    recommendation: str | None
    created_at: str
    updated_at: str
    summary_source: str | None = None


class DiffRow(NamedTuple):
    """One row of diffs."""

    id: int
    job_id: int
    region_a: str
    region_b: str
    similarity_score: str
    diff_data: str
    classification: str
    created_at: str


Row = JobRow | ExecutionRow | CrossRegionExecutionRow | RegionResultRow | AnalysisRow | DiffRow

ROW_TYPES: dict[str, type[Row]] = {
    "jobs": JobRow,
    "executions": ExecutionRow,
    "cross_region_executions": CrossRegionExecutionRow,
    "region_results": RegionResultRow,
    "cross_region_analyses": AnalysisRow,
    "diffs": DiffRow,
}
