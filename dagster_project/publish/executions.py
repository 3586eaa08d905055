"""Rows of executions for jobs of the lost days, whose answers stand in region_results only.

The runner writes a cross-region result into both tables since 2025-10-13; these rows do the same
for the days before, so that its live progress shows them. A job that gets rows of the runner's own
loses ours. Belongs here: all of that. Does not belong here: bias pages (`operate.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from dagster_project.extract.published import PUBLISHED_BY, row_is_native
from dagster_project.extract.schema import SchemaDriftError
from dagster_project.postgres import (
    connect,
    connect_source,
    lock_table,
    read_sql,
    source_transaction,
)
from dagster_project.publish import store
from dagster_project.publish.decide import Action
from dagster_project.publish.operate import LOCK, Outcome, explained
from dagster_project.publish.rows import Job
from dagster_project.publish.store import Scope

METHOD_VERSION = "1"
MOST_ROWS_PER_JOB = 4
ROLE_FILE = "sql/roles/source_publisher_executions.sql"
COLUMNS = (
    "provider_id",
    "region",
    "status",
    "started_at",
    "completed_at",
    "created_at",
    "output_data",
    "cross_region_execution_id",
    "model_id",
    "question_id",
)

EXPLANATIONS = {
    "native_rows": "The runner has rows of executions of its own for this job.",
    "not_in_runner": "The database that would be written to has no such job.",
    "no_answers": "No answer of the job stands in region_results only.",
    "unpublished": "Withdrawn on request.",
}


class _Answer(NamedTuple):
    """One row of ``publish/lost_answers.sql``; times in UTC without saying so, as stored."""

    job_id: str
    job_day: date
    cross_region_execution_id: UUID
    region_result_id: UUID
    region: str
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime | None
    model_id: str | None
    question_id: str | None
    error_message: str | None
    provider_id: str | None
    status: str
    answer: Any

    def row(self) -> dict[str, Any]:
        """Return the values by column, as the runner writes a cross-region result (shape D)."""
        output = self.answer if isinstance(self.answer, dict) else {"error": self.error_message}
        mark = {"published_by": PUBLISHED_BY, "region_result_id": str(self.region_result_id)}
        values = {**self._asdict(), "output_data": {**output, **mark}}
        return {
            **{column: values[column] for column in COLUMNS},
            "provider_id": self.provider_id or "",
        }


@dataclass(frozen=True)
class _Stored:
    """One row of ``publish/stored_executions.sql``."""

    jobspec_id: str
    job_number: int
    natives: int
    ours: list[dict[str, Any]]


def publish_executions(  # noqa: PLR0913  publish's, and whether it is the way back
    warehouse_url: str,
    publish_url: str,
    scope: Scope,
    most_rows: int,
    *,
    dry_run: bool,
    withdraws: bool = False,
) -> Iterator[Outcome]:
    """Bring the rows of executions of jobs of the lost days in line with their region results.

    Args:
        most_rows: Most rows inserted in one transaction; jobs stay whole.
        withdraws: Whether ours shall go.

    Raises:
        SchemaDriftError: The role may not write them; names the file that grants it.
        RefusedError: A constraint forbids a row; names it.
    """
    pages = max(1, most_rows // MOST_ROWS_PER_JOB)
    with (
        connect(warehouse_url, application="publish-record", read_only=dry_run) as warehouse,
        connect(warehouse_url, application="publish-candidates", read_only=True) as cursor,
        connect_source(publish_url, application="publish", read_only=dry_run) as runner,
    ):
        warehouse.autocommit = True
        with source_transaction(runner):
            _check_privileges(runner)
        for job_ids in store.job_pages(cursor, "lost_jobs", scope, pages):
            answers = {} if withdraws else _answers(warehouse, job_ids)
            days = {job.job_id: job.job_day for job in store.jobs(warehouse, job_ids)}
            with explained(job_ids), source_transaction(runner):
                lock_table(runner, LOCK)
                judged = _judge(_stored(runner, job_ids), answers, job_ids)
                if not dry_run:
                    _apply(runner, judged)
            outcomes = [_outcome(one, days.get(one.job_id)) for one in judged]
            if not dry_run:
                _record(warehouse, outcomes)
            yield from (one for one in outcomes if not withdraws or one.action is Action.WITHDRAWN)


def missing_grants(runner: psycopg.Connection[Any]) -> list[str]:
    """Return what the session's role may not do although rows of executions need it."""
    with runner.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(read_sql("publish/missing_grants.sql")).fetchall()


def _check_privileges(runner: psycopg.Connection[Any]) -> None:
    missing = missing_grants(runner)
    if missing:
        raise SchemaDriftError(
            "Nothing was published: the role of BEACON_PUBLISH_URL may not write executions "
            f"({', '.join(missing)}). As owner of the runner's tables: run {ROLE_FILE}."
        )


def _answers(
    warehouse: psycopg.Connection[Any], job_ids: Sequence[str]
) -> Mapping[str, list[_Answer]]:
    with warehouse.cursor(row_factory=class_row(_Answer)) as cursor:
        rows = cursor.execute(
            read_sql("publish/lost_answers.sql"), {"job_ids": list(job_ids)}
        ).fetchall()
    return {job_id: [row for row in rows if row.job_id == job_id] for job_id in job_ids}


def _stored(runner: psycopg.Connection[Any], job_ids: Sequence[str]) -> Mapping[str, _Stored]:
    query = read_sql("publish/stored_executions.sql").format(row_is_native=row_is_native("e"))
    with runner.cursor(row_factory=class_row(_Stored)) as cursor:
        rows = cursor.execute(query, {"job_ids": list(job_ids)}).fetchall()
    return {row.jobspec_id: row for row in rows}


@dataclass(frozen=True)
class _Judged:
    """A job with the rows that it should have and those of ours that it has."""

    job_id: str
    reason: str | None
    there: _Stored | None
    wanted: Sequence[dict[str, Any]]

    @property
    def ours(self) -> Sequence[dict[str, Any]]:
        """Our rows that stand there."""
        return self.there.ours if self.there else []


def _judge(
    stored: Mapping[str, _Stored], answers: Mapping[str, list[_Answer]], job_ids: Sequence[str]
) -> list[_Judged]:
    judged = []
    for job_id in job_ids:
        there, wanted = stored.get(job_id), answers.get(job_id, [])
        reason = _obstacle(there, wanted, is_request=not answers)
        rows = [] if reason else [answer.row() for answer in wanted]
        judged.append(_Judged(job_id, reason, there, rows))
    return judged


def _apply(runner: psycopg.Connection[Any], judged: Sequence[_Judged]) -> None:
    for one in judged:
        if one.there is not None and _action(one.ours, one.wanted) is not Action.UNCHANGED:
            ids = [row["id"] for row in one.ours]
            runner.execute("delete from executions where id = any(%s)", (ids,))
            _insert(runner, one.there.job_number, one.wanted)


def _outcome(one: _Judged, job_day: date | None) -> Outcome:
    return Outcome(
        job_id=one.job_id,
        job_day=job_day,
        action=_action(one.ours, one.wanted),
        reason=one.reason,
        explanation=EXPLANATIONS[one.reason] if one.reason else "",
        cross_region_execution_id=(
            one.wanted[0]["cross_region_execution_id"] if one.wanted else None
        ),
    )


def _obstacle(there: _Stored | None, wanted: Sequence[_Answer], *, is_request: bool) -> str | None:
    if is_request:
        return "unpublished"
    if there is None:
        return "not_in_runner"
    if there.natives:
        return "native_rows"
    return None if wanted else "no_answers"


def _action(ours: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> Action:
    if not rows:
        return Action.WITHDRAWN if ours else Action.NOT_PUBLISHED
    if sorted(map(_compared, ours)) == sorted(map(_compared, rows)):
        return Action.UNCHANGED
    return Action.REPLACED if ours else Action.PUBLISHED


def _compared(row: Mapping[str, Any]) -> str:
    """Return the values of a row as one text; times as Postgres writes them into JSON."""
    return repr([_plain(row[column]) for column in COLUMNS])


def _plain(value: Any) -> object:  # noqa: ANN401  a value of any column
    if isinstance(value, dict):
        return sorted((key, _plain(inner)) for key, inner in value.items())
    if isinstance(value, datetime):
        return value.isoformat().rstrip("0") if value.microsecond else value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _insert(
    runner: psycopg.Connection[Any], job_number: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    statement = sql.SQL("insert into executions (job_id, {}) values (%(job_id)s, {})").format(
        sql.SQL(", ").join(map(sql.Identifier, COLUMNS)),
        sql.SQL(", ").join(map(sql.Placeholder, COLUMNS)),
    )
    for row in rows:
        values = {**row, "job_id": job_number, "output_data": Jsonb(row["output_data"])}
        runner.execute(statement, values)


def _record(warehouse: psycopg.Connection[Any], outcomes: Sequence[Outcome]) -> None:
    there = [
        store.Publication(
            job=Job(one.job_id, one.job_day, METHOD_VERSION, None, ""),
            kind="executions",
            execution=one.cross_region_execution_id,
            is_written=one.action is not Action.UNCHANGED,
        )
        for one in outcomes
        if one.cross_region_execution_id is not None
    ]
    gone: list[tuple[str, store.Kind]] = [
        (one.job_id, "executions") for one in outcomes if one.cross_region_execution_id is None
    ]
    store.record(warehouse, there, gone)
