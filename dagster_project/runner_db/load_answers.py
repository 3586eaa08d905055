"""Puts model answers from a file into a runner database, as jobs of the standard workflow.

Belongs here: what the runner's tables need of an answer, how it looks in them, replacing jobs. Does
not belong here: the forms of files (answer_files).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from dagster_project.answer_files import (
    BLANKS,
    Record,
    RecordError,
    Rejected,
    number_of,
    read_records,
    text_of,
)
from dagster_project.postgres import lock_table, only_row, read_sql
from dagster_project.runner_db.load import has_runner_tables, writing
from dagster_project.runner_db.payloads import stamp
from dagster_project.runner_db.schema import create_runner_schema

ORIGIN = "beacon load-answers"
COMPLETED = "completed"
SHOWN_FAULTS = 20
LONGEST = {"job": 255, "region": 100, "model": 50, "question": 255}
"""What every answer must name, and the longest value the runner's columns hold."""

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
MARKER = """
    create schema beacon_answers;
    comment on schema beacon_answers is
    'This runner database was made by beacon load-answers. No runner writes here.'
"""
IS_OURS = """
    select
        to_regclass('beacon_synthetic.manifest') is not null
        or to_regnamespace('beacon_answers') is not null
"""
Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class FileAnswer:
    """One answer of a file: its job becomes the public job id, any spelling of names will do.

    The text is unchanged, and None only when the execution did not complete. The score is the one
    that the runner's bias_variance is made of. Times are UTC.
    """

    job: str
    region: str
    model: str
    question: str
    text: str | None
    status: str
    bias_score: float | None
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime | None


class BadAnswersError(ValueError):
    """Rows of a file that cannot be loaded, by number from 1; nothing of the file was."""

    def __init__(self, file: Path, faults: Mapping[int, str]) -> None:
        """Name the rows and what is wrong with them."""
        shown = [f"row {number}: {fault}" for number, fault in list(faults.items())[:SHOWN_FAULTS]]
        more = [f"and {len(faults) - SHOWN_FAULTS} more"] if len(faults) > SHOWN_FAULTS else []
        super().__init__("\n".join([f"{file.name}: {len(faults)} bad rows", *shown, *more]))
        self.faults = dict(faults)


@dataclass(frozen=True)
class LoadedAnswers:
    """Jobs that were new, had other answers or another note, or were the same; answers in all."""

    jobs_added: int
    jobs_replaced: int
    jobs_unchanged: int
    answers: int


class ForeignDatabaseError(RuntimeError):
    """The database holds a runner's tables that this project did not make."""

    def __init__(self) -> None:
        """Say what was found and what to do."""
        super().__init__(
            "the database holds a runner's tables that beacon did not make; it may be a real one, "
            "so nothing was written. Give BEACON_RUNNER_URL of an empty database, or of one that "
            "beacon demo or beacon load-answers made."
        )


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
        file: As ``answer_files.read_records`` takes it, with job, region, model, question, text
            and optionally status, bias_score, started_at, completed_at, created_at (ISO texts or
            timestamps; without offset they are UTC).
        note: What stands in for what, e.g. "language stands in for region"; part of the jobs'
            names.
        now: Time of rows whose file gives none, with time zone; the present when None.

    Raises:
        BadAnswersError: Rows of the file are bad; nothing was loaded.
        ForeignJobError: A job of the file exists and came from elsewhere; nothing was loaded.
        ForeignDatabaseError: The database holds a runner's tables that we did not make.
    """
    answers = read_answers(file)
    at = now or datetime.now(UTC)
    done = {"added": 0, "replaced": 0, "unchanged": 0}
    with writing(url, is_ours, ForeignDatabaseError) as connection:
        lock_table(connection, "jobs")
        if not has_runner_tables(connection):
            create_runner_schema(connection)
            connection.execute(MARKER)
        elif not is_ours(connection):
            raise ForeignDatabaseError
        for job, rows in answers.items():
            done[_load_job(connection, job, rows, note, at)] += 1
    return LoadedAnswers(
        jobs_added=done["added"],
        jobs_replaced=done["replaced"],
        jobs_unchanged=done["unchanged"],
        answers=sum(map(len, answers.values())),
    )


def is_ours(connection: Connection) -> bool:
    """Tell whether the database has the marker of a synthetic one or of this module."""
    return bool(only_row(connection.execute(IS_OURS))[0])


def read_answers(file: Path) -> dict[str, list[FileAnswer]]:
    """Return a file's answers in its order by job, jobs in order of first appearance.

    Raises:
        BadAnswersError: Rows are bad, or there are none.
    """
    answers: dict[str, list[FileAnswer]] = {}
    faults: dict[int, str] = {}
    for line in read_records(file, _file_answer):
        if isinstance(line, Rejected):
            faults[line.line] = line.reason
            continue
        for answer in line:
            answers.setdefault(answer.job, []).append(answer)
    if not answers:
        faults.setdefault(1, "the file holds no rows")
    if faults:
        raise BadAnswersError(file, faults)
    return answers


def _file_answer(record: Record) -> FileAnswer:
    status = _storable(record, "status") or COMPLETED
    text = _storable(record, "text")
    if text is None and status == COMPLETED:
        raise RecordError("text is missing although the status is completed")
    return FileAnswer(
        job=_name(record, "job"),
        region=_name(record, "region"),
        model=_name(record, "model"),
        question=_name(record, "question"),
        text=text,
        status=status,
        bias_score=number_of(record, "bias_score"),
        started_at=_time(record, "started_at"),
        completed_at=_time(record, "completed_at"),
        created_at=_time(record, "created_at"),
    )


def _storable(record: Record, column: str) -> str | None:
    value = text_of(record, column)
    if value and "\0" in value:
        raise RecordError(f"{column} holds a NUL character, which Postgres cannot store")
    return value


def _name(record: Record, column: str) -> str:
    value = _storable(record, column)
    if not value or not value.strip(BLANKS):
        raise RecordError(f"{column} is missing")
    if len(value) > LONGEST[column]:
        raise RecordError(f"{column} is longer than {LONGEST[column]} characters")
    return value


def _time(record: Record, column: str) -> datetime | None:
    value = record.get(column)
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise RecordError(f"{column} is no ISO time") from error
    if not isinstance(value, datetime):
        raise RecordError(f"{column} is no time")
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise RecordError(f"{column} is not between the years 1 and 9999") from error


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
