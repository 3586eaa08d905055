"""The record ``ops.publications``: what was written into the runner's tables, nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from dagster_project.postgres import read_sql
from dagster_project.publish.facts import Job


@dataclass(frozen=True)
class Publication:
    """A job whose rows stand in the runner's tables."""

    job: Job
    execution: UUID
    is_written: bool


def executions(warehouse: psycopg.Connection[Any], job_ids: Sequence[str]) -> Mapping[str, UUID]:
    """Return the executions that were published for some jobs, withdrawn ones too."""
    query = read_sql("publish/recorded_executions.sql")
    return dict(warehouse.execute(query, {"job_ids": list(job_ids)}).fetchall())


def write(
    warehouse: psycopg.Connection[Any], there: Sequence[Publication], gone: Sequence[str]
) -> None:
    """Bring the record in line with the runner's tables."""
    with warehouse.transaction(), warehouse.cursor() as cursor:
        cursor.executemany(
            read_sql("publish/record_published.sql"),
            [
                {
                    "job_id": one.job.job_id,
                    "job_day": one.job.job_day,
                    "execution_id": one.execution,
                    "method_version": one.job.method_version,
                    "is_written": one.is_written,
                }
                for one in there
            ],
        )
        cursor.execute(read_sql("publish/record_withdrawn.sql"), {"job_ids": list(gone)})
