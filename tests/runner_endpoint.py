"""The runner's own bias page, made again from its contract (docs/source.md).

Belongs here: the SELECTs behind GET /api/v2/jobs/{jobspec_id}/bias-analysis and the payload that is
made of their rows. Does not belong here: expectations.
"""

from datetime import datetime
from typing import Any

import psycopg
from psycopg import errors
from psycopg.rows import dict_row

Row = dict[str, Any]


def bias_analysis(url: str, job_id: str) -> Row | None:
    """Answer a request of the bias page.

    Returns:
        The payload of the 200, or None for a 404.
    """
    with psycopg.connect(url, row_factory=dict_row, options="-c timezone=UTC") as connection:
        execution = connection.execute(
            "select id, created_at from cross_region_executions where jobspec_id = %s"
            " order by created_at desc limit 1",
            (job_id,),
        ).fetchone()
        if execution is None:
            return None
        try:
            analysis = connection.execute(
                "select id, cross_region_execution_id, bias_variance, censorship_rate,"
                " factual_consistency, narrative_divergence, key_differences, risk_assessment,"
                " summary, summary_source, recommendation, created_at, updated_at"
                " from cross_region_analyses where cross_region_execution_id = %s"
                " order by created_at desc limit 1",
                (execution["id"],),
            ).fetchone()
        except errors.UndefinedColumn:
            # A migration that was never written: then every job is a 404.
            return None
        if analysis is None:
            return None
        regions = connection.execute(
            "select region, scoring from region_results where cross_region_execution_id = %s",
            (execution["id"],),
        ).fetchall()
    return {
        "job_id": job_id,
        "cross_region_execution_id": str(execution["id"]),
        "analysis": _presented(analysis),
        "region_scores": {
            row["region"]: _without_nulls(row["scoring"]) for row in regions if row["scoring"]
        },
        "created_at": _moment(execution["created_at"]),
    }


def _presented(analysis: Row) -> Row:
    numbers = (
        "bias_variance",
        "censorship_rate",
        "factual_consistency",
        "narrative_divergence",
    )
    return _without_nulls(
        {
            **analysis,
            **{key: float(analysis[key]) for key in numbers if analysis[key] is not None},
            **{key: str(analysis[key]) for key in ("id", "cross_region_execution_id")},
            **{key: _moment(analysis[key]) for key in ("created_at", "updated_at")},
        }
    )


def _without_nulls(row: Row) -> Row:
    return {key: value for key, value in row.items() if value is not None}


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%S.%f}Z"


def live_progress(url: str, job_id: str) -> list[Row]:
    """Answer the executions of a job as the live progress reads them, newest first."""
    with psycopg.connect(url, row_factory=dict_row, options="-c timezone=UTC") as connection:
        rows = connection.execute(
            "select e.id, e.status, e.region, e.provider_id, e.started_at, e.completed_at,"
            " e.created_at, e.output_data as output, e.model_id, e.question_id, e.retry_count,"
            " e.receipt_data is not null as has_receipt"
            " from executions as e inner join jobs as j on e.job_id = j.id"
            " where j.jobspec_id = %s order by e.created_at desc limit 100",
            (job_id,),
        ).fetchall()
    return [_without_nulls({**row, "job_id": job_id}) for row in rows]
