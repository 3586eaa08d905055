"""The ledger ``ops.partition_ledger``: reads and writes, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from dagster_project.postgres import read_sql

Status = Literal["running", "done", "failed", "quarantined"]


@dataclass(frozen=True)
class LedgerRow:
    """Outcome of the latest attempt of one stage on one job_day; times in UTC."""

    job_day: date
    stage: str
    status: Status
    source_fingerprint: str | None
    method_version: str | None
    row_count: int | None
    attempts: int
    error: str | None
    run_id: str | None
    reason: str | None
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    build_id: UUID | None
    built_from: UUID | None


@dataclass(frozen=True)
class Outcome:
    """How one stage ended on one job_day."""

    job_day: date
    stage: str
    status: Literal["done", "failed", "quarantined"]
    source_fingerprint: str | None
    method_version: str
    row_count: int | None = None
    seconds: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class Cause:
    """Which Dagster run does the work, and why it was started."""

    run_id: str
    reason: str


def begin(
    connection: psycopg.Connection[Any],
    stage: str,
    upstream: str | None,
    days: Sequence[date],
    cause: Cause,
) -> None:
    """Record that a run works on a stage of some days, from what the stage before it has left.

    Args:
        connection: Session on the warehouse.
        stage: Name of the stage.
        upstream: Name of the stage before it; None for the first.
        days: The job_days.
        cause: The run that works on them.
    """
    connection.execute(
        read_sql("backfill/ledger_begin.sql"),
        {"stage": stage, "upstream": upstream, "days": list(days), **vars(cause)},
    )


def finish(connection: psycopg.Connection[Any], outcomes: Sequence[Outcome]) -> None:
    """Record how a stage ended on each of some days; `begin` was called for each."""
    with connection.cursor() as cursor:
        cursor.executemany(
            read_sql("backfill/ledger_finish.sql"), [vars(outcome) for outcome in outcomes]
        )


def read(connection: psycopg.Connection[Any]) -> list[LedgerRow]:
    """Return the whole ledger by job_day and stage; a few hundred rows per year and stage."""
    with connection.cursor(row_factory=class_row(LedgerRow)) as cursor:
        return cursor.execute(read_sql("backfill/ledger_read.sql")).fetchall()
