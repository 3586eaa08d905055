"""Publishing and withdrawing: page after page of jobs, one transaction each.

Belongs here: the order of locks, reads, writes and the record. Does not belong here: deciding
(`decide.py`), building rows (`rows.py`), printing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import psycopg

from dagster_project.postgres import connect, connect_source, lock_table, source_transaction
from dagster_project.publish import store
from dagster_project.publish.decide import (
    EXPLANATIONS,
    UNPUBLISHED,
    Action,
    Decision,
    Stored,
    decide,
)
from dagster_project.publish.rows import MOST_ROWS_PER_JOB, Job, Rows, execution_of
from dagster_project.publish.store import Scope, written_columns

KINDS: tuple[store.Kind, ...] = ("bias_page", "analysis")
LOCK = "publish"
"""Advisory lock in the runner's database: of two publishers one waits for the other's page."""


class RefusedError(RuntimeError):
    """A constraint of the runner's tables forbids the rows."""


@dataclass(frozen=True)
class Outcome:
    """What happened, or in a dry run would happen, to one job.

    Attributes:
        job_day: Its day, UTC; None when nobody knows it any more.
        reason: Why it is not in the runner's tables; None when it is.
        cross_region_execution_id: Its execution in the runner's tables; None without one.
    """

    job_id: str
    job_day: date | None
    action: Action
    reason: str | None
    explanation: str
    cross_region_execution_id: UUID | None


@dataclass(frozen=True)
class _Run:
    """What one run of a command works with."""

    warehouse: psycopg.Connection[Any]
    runner: psycopg.Connection[Any]
    columns: store.Columns
    page_jobs: int
    writes: bool
    withdraws: bool


@dataclass(frozen=True)
class _Judged:
    """A job with what should be, what is, and what happens."""

    job: Job
    wanted: Rows
    stored: Stored
    decision: Decision


def publish(
    warehouse_url: str, publish_url: str, scope: Scope, most_rows: int, *, dry_run: bool
) -> Iterator[Outcome]:
    """Bring the runner's tables in line with the analyses of jobs that it has none of.

    Args:
        most_rows: Most rows inserted in one transaction; jobs stay whole.

    Yields:
        Every such job of the scope, and every published one; in a real run after the commit.

    Raises:
        SchemaDriftError: The runner's tables are not as expected, or the role may not write them.
        RefusedError: A constraint forbids a row; names it.
    """
    with (
        _run(warehouse_url, publish_url, most_rows, writes=not dry_run, withdraws=False) as run,
        connect(warehouse_url, application="publish-candidates", read_only=True) as cursor,
    ):
        for job_ids in store.job_pages(cursor, "candidates", scope, run.page_jobs):
            yield from map(_outcome, _page(run, job_ids))


def unpublish(
    warehouse_url: str, publish_url: str, scope: Scope, most_rows: int, *, dry_run: bool
) -> Iterator[Outcome]:
    """Delete what was published, and nothing else.

    Args:
        scope: Which jobs. Without one, the marks of the rows find those that no record knows.
        most_rows: Most rows of one transaction; jobs stay whole.

    Raises:
        SchemaDriftError: See `publish`.
        RefusedError: Something refers to a published execution; names the constraint.
    """
    with (
        _run(warehouse_url, publish_url, most_rows, writes=not dry_run, withdraws=True) as run,
        connect(warehouse_url, application="publish-candidates", read_only=True) as cursor,
        connect_source(publish_url, application="publish-marks") as marks,
        source_transaction(marks),
    ):
        for job_ids in store.job_pages(cursor, "known_jobs", scope, run.page_jobs):
            yield from _withdrawn(_page(run, job_ids))
        if scope == Scope():
            for job_ids in store.published_jobs(marks, run.page_jobs):
                known = {job.job_id for job in store.jobs(run.warehouse, job_ids)}
                yield from _withdrawn(_page(run, [key for key in job_ids if key not in known]))


@contextmanager
def _run(
    warehouse_url: str, publish_url: str, most_rows: int, *, writes: bool, withdraws: bool
) -> Iterator[_Run]:
    with (
        connect(warehouse_url, application="publish-record", read_only=not writes) as warehouse,
        connect_source(publish_url, application="publish", read_only=not writes) as runner,
    ):
        warehouse.autocommit = True
        with source_transaction(runner):
            columns = written_columns(runner, is_read=not withdraws)
        yield _Run(
            warehouse=warehouse,
            runner=runner,
            columns=columns,
            page_jobs=max(1, most_rows // MOST_ROWS_PER_JOB),
            writes=writes,
            withdraws=withdraws,
        )


def _page(run: _Run, job_ids: Sequence[str]) -> list[_Judged]:
    """Look at some jobs and write what differs, in one transaction; then record it.

    A run that is killed between the two commits leaves the record behind. The next run finds the
    rows as they should be, writes none of them, and completes the record.
    """
    with explained(job_ids), source_transaction(run.runner):
        # First of all: what is read from here on is not older than what another publisher wrote.
        lock_table(run.runner, LOCK)
        judged = _judge(run, job_ids)
        if run.writes:
            store.apply(run.runner, [one.decision.changes for one in judged], run.columns)
    if run.writes:
        _record(run.warehouse, judged)
    return judged


@contextmanager
def explained(job_ids: Sequence[str]) -> Iterator[None]:
    """Turn a refusal of the runner's database into an error that names constraint and jobs."""
    try:
        yield
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        place = error.diag.constraint_name or error.diag.column_name or "no constraint"
        message = (
            f"The runner's database refused rows of {error.diag.table_name}: "
            f"{error.diag.message_primary} ({place}). Nothing was written of {len(job_ids)} jobs, "
            f"{job_ids[0]} to {job_ids[-1]}; what was written before stays. Change the constraint, "
            "or find the job with --job."
        )
        raise RefusedError(message) from None


def _judge(run: _Run, job_ids: Sequence[str]) -> list[_Judged]:
    jobs = store.jobs(run.warehouse, job_ids)
    if run.withdraws:
        jobs = _to_withdraw(job_ids, jobs)
    publishable = [job.job_id for job in jobs if job.reason is None]
    wanted = store.wanted_rows(run.warehouse, publishable, run.columns)
    our_ids = _our_ids(store.recorded_executions(run.warehouse, job_ids), wanted)
    stored = store.stored_rows(run.runner, [job.job_id for job in jobs], our_ids, run.columns)
    return [
        _Judged(
            job,
            wanted.get(job.job_id, {}),
            stored[job.job_id],
            decide(job, wanted.get(job.job_id, {}), stored[job.job_id]),
        )
        for job in jobs
    ]


def _to_withdraw(job_ids: Sequence[str], known: Sequence[Job]) -> list[Job]:
    days = {job.job_id: job.job_day for job in known}
    return [Job(job_id, days.get(job_id), None, UNPUBLISHED, "") for job_id in job_ids]


def _our_ids(recorded: Mapping[str, UUID], wanted: Mapping[str, Rows]) -> Mapping[str, set[UUID]]:
    ours = {job_id: {execution} for job_id, execution in recorded.items()}
    for job_id, rows in wanted.items():
        if _kind(rows) == "bias_page":
            ours.setdefault(job_id, set()).add(execution_of(rows))
    return ours


def _record(warehouse: psycopg.Connection[Any], judged: Sequence[_Judged]) -> None:
    there = [
        store.Publication(
            job=one.job,
            kind=_kind(one.wanted),
            execution=execution_of(one.wanted),
            is_written=one.decision.action is not Action.UNCHANGED,
        )
        for one in judged
        if one.decision.reason is None
    ]
    absent = [
        one.job.job_id
        for one in judged
        if one.decision.action is Action.WITHDRAWN
        or (one.decision.reason is not None and not one.stored.is_published)
    ]
    gone = [(job_id, kind) for job_id in absent for kind in KINDS]
    # A job that the runner has executed by now keeps its analysis only.
    gone += [(one.job.job_id, kind) for one in there for kind in KINDS if kind != one.kind]
    store.record(warehouse, there, gone)


def _kind(rows: Rows) -> store.Kind:
    return "bias_page" if rows["cross_region_executions"] else "analysis"


def _withdrawn(judged: Sequence[_Judged]) -> Iterator[Outcome]:
    for one in judged:
        if one.stored.is_published:
            yield _outcome(one)


def _outcome(one: _Judged) -> Outcome:
    reason = one.decision.reason
    return Outcome(
        job_id=one.job.job_id,
        job_day=one.job.job_day,
        action=one.decision.action,
        reason=reason,
        explanation=EXPLANATIONS.get(reason, one.job.explanation) if reason else "",
        cross_region_execution_id=execution_of(one.wanted) if reason is None else None,
    )
