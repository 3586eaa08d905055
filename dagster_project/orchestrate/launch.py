"""Chunks of a plan as Dagster runs: the same assets, tags and config from every place that asks.

Belongs here: what a run of a chunk is, and running it in this process. Does not belong here: which
chunks (plan.py), or when (automation.py, command.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import dagster as dg

from dagster_project.backfill.chunks import ChunkDone, Order
from dagster_project.backfill.plan import EXTRACT, Chunk
from dagster_project.backfill.stages import stages_from
from dagster_project.orchestrate.dbt_assets import asset_key
from dagster_project.orchestrate.instance import run_in_process
from dagster_project.orchestrate.partitions import own_days_tag, range_tags
from dagster_project.orchestrate.pipeline import BAD_DAYS, MACHINE_FAULT, REASON_TAG, pipeline

FAILURES = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}


class Launch(TypedDict):
    """What a run of some job_days is launched with."""

    selection: Sequence[dg.AssetKey]
    tags: Mapping[str, str]
    run_config: Mapping[str, Any]


def chunk_selection(chunk: Chunk) -> list[dg.AssetKey]:
    """Return the assets of a chunk's first stage and of all that follow it."""
    return [asset_key(name) for stage in stages_from(chunk.stage) for name in stage.relations]


def chunk_tags(chunk: Chunk, reason: str) -> dict[str, str]:
    """Return the run tags of a chunk.

    Args:
        chunk: The chunk.
        reason: Why, for a person and for the ledger.

    Returns:
        Dagster's tags of a partition range, and the reason.
    """
    return {**range_tags(chunk.window), REASON_TAG: reason}


def chunk_config(*, only_needed: bool = True, accept_deletions: bool = False) -> Mapping[str, Any]:
    """Return the run config of work that a plan asks for: what others have done is not repeated."""
    chosen = {"only_needed": only_needed, "accept_deletions": accept_deletions}
    return {"ops": {pipeline.op.name: {"config": chosen}}}


def run_chunk(order: Order, instance: dg.DagsterInstance, job: dg.JobDefinition) -> ChunkDone:
    """Carry out a chunk of a plan as one run of a job in this process, recorded in an instance."""
    launch = launch_of(order)
    if order.chunk.stage == EXTRACT:
        launch["tags"] = {**own_days_tag(order.chunk.window), REASON_TAG: order.reason}
    result = run_in_process(job, instance, **launch)
    return ended(order.chunk, result.run_id, instance)


def launch_of(order: Order) -> Launch:
    """Return what a chunk's run is launched with."""
    return Launch(
        selection=chunk_selection(order.chunk),
        tags=chunk_tags(order.chunk, order.reason),
        run_config=chunk_config(
            only_needed=order.only_needed, accept_deletions=order.accept_deletions
        ),
    )


def ended(chunk: Chunk, run_id: str, instance: dg.DagsterInstance) -> ChunkDone:
    """Say what came of a chunk whose run has ended."""
    run = instance.get_run_by_id(run_id)
    status = None if run is None else run.status
    failures = [
        entry.dagster_event
        for entry in instance.all_logs(run_id, of_type=FAILURES)
        if entry.dagster_event is not None
    ]
    success = status is dg.DagsterRunStatus.SUCCESS
    stopped = status is dg.DagsterRunStatus.CANCELED or any(map(_is_interruption, failures))
    causes = [
        event.step_failure_data.user_failure_data for event in failures if event.is_step_failure
    ]
    said = [cause.metadata for cause in causes if cause is not None]
    told = success or stopped or any({BAD_DAYS, MACHINE_FAULT} & set(one) for one in said)
    faults = [str(one[MACHINE_FAULT].value) for one in said if MACHINE_FAULT in one]
    return ChunkDone(
        chunk,
        run_id,
        success,
        stopped,
        broken=not told,
        machine_fault=next(iter(faults), None),
    )


def _is_interruption(event: dg.DagsterEvent) -> bool:
    # Asked to stop before the first day: Dagster ends the run by itself, as failed.
    # Nothing is said of a run that was marked as failed from outside.
    if event.event_type is not dg.DagsterEventType.RUN_FAILURE or not event.event_specific_data:
        return False
    error = event.job_failure_data.error
    return error is not None and error.cls_name == dg.DagsterExecutionInterruptedError.__name__
