"""What an operator asks for: the present plan, and the runs that carry it out.

Belongs here: joining source, ledger and locks. Does not belong here: printing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg

from dagster_project.backfill import ledger
from dagster_project.backfill.assets import STAGES, asset_key, stages_from
from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.backfill.plan import Chunk, DayPlan, State, plan_days
from dagster_project.backfill.stages import Databases
from dagster_project.instance import run_in_process
from dagster_project.partitions import Window
from dagster_project.postgres import connect, read_sql

REASON_TAG = "beacon/reason"
TO_DO = frozenset(State) - {State.CURRENT, State.RUNNING}


@dataclass(frozen=True)
class ChunkDone:
    """A chunk whose run has ended."""

    chunk: Chunk
    run_id: str
    success: bool


def current_plan(databases: Databases, window: Window | None = None) -> list[DayPlan]:
    """Compare the source with the ledger now.

    Args:
        databases: Source and warehouse.
        window: Only these job_days; None for all.

    Returns:
        One entry per job_day that the source or the ledger knows, oldest first.
    """
    source = fingerprints(databases.runner, window)
    with connect(databases.warehouse, application="plan", read_only=True) as connection:
        # Locks first: a run that ends in between is seen as done, never as dead.
        locked = connection.execute(read_sql("backfill/locked_days.sql")).fetchall()
        rows = ledger.read(connection)
    if window is not None:
        rows = [row for row in rows if window.start <= row.job_day < window.end]
    versions = {stage.name: stage.method_version() for stage in STAGES}
    return plan_days(source, rows, versions, {day for (day,) in locked})


def run_chunks(
    todo: Sequence[Chunk],
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    reason: str,
) -> Iterator[ChunkDone]:
    """Carry out chunks of a plan, one run each, one after another.

    Args:
        todo: The chunks.
        instance: Where the runs are recorded.
        job: The job that processes job_days.
        reason: Why, recorded as a tag of each run.

    Yields:
        Each chunk after its run has ended; stop iterating to stop after the current one.
    """
    for chunk in todo:
        relations = [name for stage in stages_from(chunk.stage) for name in stage.relations]
        result = run_in_process(
            job,
            instance,
            window=chunk.window,
            selection=[asset_key(relation) for relation in relations],
            tags={REASON_TAG: reason},
        )
        yield ChunkDone(chunk, result.run_id, result.success)
