"""Puts model answers from a file into a runner database, as jobs of the standard workflow.

Belongs here: how an answer looks in the runner's tables, replacing jobs. Does not belong here:
reading files (answers_file).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from dagster_project.postgres import connect, lock_table, read_sql
from dagster_project.runner_db.answers_file import FileAnswer, read_answers
from dagster_project.runner_db.load import has_runner_tables
from dagster_project.runner_db.payloads import stamp
from dagster_project.runner_db.schema import create_runner_schema

ORIGIN = "beacon load-answers"
FIND_JOB = """
    select
        jobspec_data #>> '{metadata,origin}' as origin,
        jobspec_data #>> '{metadata,content_sha256}' as content_sha256
    from jobs
    where jobspec_id = %(job)s
"""
DELETE_EXECUTIONS = """
    delete from executions using jobs
    where executions.job_id = jobs.id and jobs.jobspec_id = %(job)s
"""
COPY_EXECUTIONS = """
    copy executions (
        job_id, provider_id, region, status, started_at, completed_at, created_at, output_data,
        model_id, question_id
    ) from stdin
"""
Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class LoadedAnswers:
    """What a call did.

    Attributes:
        jobs_replaced: Jobs of an earlier call whose answers or note have changed.
        jobs_unchanged: Jobs of an earlier call that are the same.
        answers: Rows of the file, all of which are in the database now.
    """

    jobs_added: int
    jobs_replaced: int
    jobs_unchanged: int
    answers: int


class ForeignJobError(RuntimeError):
    """A job of the file exists already and did not come from a file."""

    def __init__(self, job: str) -> None:
        """Name the job."""
        super().__init__(f"job {job!r} exists and was not made by {ORIGIN}; rename it in the file")


def load_answers(
    url: str, file: Path, *, note: str = "", now: datetime | None = None
) -> LoadedAnswers:
    """Make a file's answers the executions of standard jobs, in one transaction.

    Texts are stored unchanged. A job that an earlier call loaded from the same rows is left
    alone, one loaded from other rows is replaced; so the same file twice is the same as once.

    Args:
        url: libpq URL of a runner database, as owner; the tables are created when it is empty.
        note: What stands in for what, e.g. "language stands in for region"; part of the jobs'
            names.
        now: Time of rows whose file gives none, with time zone; the present when None.

    Raises:
        BadAnswersError: Rows of the file are bad; nothing was loaded.
        ForeignJobError: A job of the file exists and came from elsewhere; nothing was loaded.
    """
    answers = read_answers(file)
    at = now or datetime.now(UTC)
    done = {"added": 0, "replaced": 0, "unchanged": 0}
    with connect(url, application="load-answers") as connection:
        lock_table(connection, "jobs")
        if not has_runner_tables(connection):
            create_runner_schema(connection)
        for job, rows in answers.items():
            done[_load_job(connection, job, rows, note, at)] += 1
    return LoadedAnswers(
        jobs_added=done["added"],
        jobs_replaced=done["replaced"],
        jobs_unchanged=done["unchanged"],
        answers=sum(map(len, answers.values())),
    )


def _load_job(
    connection: Connection, job: str, rows: Sequence[FileAnswer], note: str, at: datetime
) -> str:
    digest = _digest(rows, note)
    found = connection.execute(FIND_JOB, {"job": job}).fetchone()
    if found and found[0] != ORIGIN:
        raise ForeignJobError(job)
    if found and found[1] == digest:
        return "unchanged"
    created_at = min((row.created_at for row in rows if row.created_at), default=at)
    values = {
        "job": job,
        "spec": json.dumps(_spec(job, rows, note, digest), ensure_ascii=False),
        "created_at": stamp(created_at),
        "updated_at": stamp(
            max((row.completed_at for row in rows if row.completed_at), default=at)
        ),
    }
    connection.execute(DELETE_EXECUTIONS, {"job": job})
    stored = connection.execute(read_sql("runner_db/put_job.sql"), values).fetchone()
    _copy(connection, stored[0] if stored else None, rows, created_at)
    return "replaced" if found else "added"


def _copy(
    connection: Connection, job_id: object, rows: Sequence[FileAnswer], created_at: datetime
) -> None:
    with connection.cursor().copy(COPY_EXECUTIONS) as copy:
        for row in rows:
            copy.write_row(
                (
                    job_id,
                    "file",
                    row.region,
                    row.status,
                    row.started_at and stamp(row.started_at),
                    row.completed_at and stamp(row.completed_at),
                    stamp(row.created_at or created_at),
                    json.dumps(_output(row), ensure_ascii=False),
                    row.model,
                    row.question,
                )
            )


def _output(row: FileAnswer) -> dict[str, Any]:
    """Return output_data of variant A; without text, of a failure."""
    served = {"provider_type": "file", "region": row.region, "model": row.model}
    metadata = {**served, "receipt": None, "failure": None}
    if row.text is None:
        return {"error": "the file holds no text", "metadata": metadata}
    output = {"response": row.text, "provider": "file", "metadata": metadata}
    if row.bias_score is None:
        return output
    return {**output, "bias_score": {"bias_score": row.bias_score}}


def _spec(job: str, rows: Sequence[FileAnswer], note: str, digest: str) -> dict[str, Any]:
    """Return jobspec_data that says where the job comes from."""
    name = f"Answers from a file: {job}"
    return {
        "id": job,
        "version": "v1",
        "benchmark": {
            "name": f"{name} ({note})" if note else name,
            "description": f"Loaded by {ORIGIN}; no runner executed this job",
        },
        "constraints": {"regions": _distinct(rows, "region")},
        "metadata": {
            "models": _distinct(rows, "model"),
            "total_executions_expected": len(rows),
            "origin": ORIGIN,
            "note": note,
            "content_sha256": digest,
        },
        "questions": _distinct(rows, "question"),
    }


def _distinct(rows: Sequence[FileAnswer], column: str) -> list[str]:
    return list(dict.fromkeys(getattr(row, column) for row in rows))


def _digest(rows: Sequence[FileAnswer], note: str) -> str:
    content = repr((note, rows))
    return hashlib.sha256(content.encode()).hexdigest()
