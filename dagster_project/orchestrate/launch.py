"""Chunks of a plan as Dagster runs: the same assets, tags and config from every place that asks.

Belongs here: what a run of a chunk is, and running it in this process. Does not belong here: which
chunks (plan.py), or when (automation.py, command.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from dagster_project.backfill.plan import Chunk
from dagster_project.backfill.stages import stages_from
from dagster_project.orchestrate.instance import run_in_process
from dagster_project.orchestrate.partitions import range_tags
from dagster_project.orchestrate.pipeline import BAD_DAYS, MACHINE_FAULT, REASON_TAG, pipeline
from dagster_project.orchestrate.specs import asset_key


@dataclass(frozen=True)
class ChunkDone:
    """A chunk whose run has ended.

    Attributes:
        chunk: The chunk.
        run_id: Its run.
        success: Whether every day is done.
        stopped: Whether it was asked to stop and left days untouched.
        broken: Whether it failed for another reason than its days.
        machine_fault: What the machine or a server lacks; None when the run did not stop at that.
    """

    chunk: Chunk
    run_id: str
    success: bool
    stopped: bool
    broken: bool
    machine_fault: str | None


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


def run_chunks(
    todo: Sequence[Chunk],
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    reason: str,
    run_config: Mapping[str, Any] | None = None,
) -> Iterator[ChunkDone]:
    """Carry out chunks of a plan, one run each, one after another.

    Args:
        todo: The chunks.
        instance: Where the runs are recorded.
        job: The job that processes job_days.
        reason: Why, recorded as a tag of each run and in the ledger.
        run_config: Of `chunk_config`; None for its defaults.

    Yields:
        Each chunk after its run has ended; stop iterating to begin no other.
    """
    for chunk in todo:
        result = run_in_process(
            job,
            instance,
            selection=chunk_selection(chunk),
            tags=chunk_tags(chunk, reason),
            run_config=run_config or chunk_config(),
        )
        yield _ended(chunk, result, instance)


def _ended(
    chunk: Chunk, result: dg.ExecuteInProcessResult, instance: dg.DagsterInstance
) -> ChunkDone:
    run = instance.get_run_by_id(result.run_id)
    canceled = run is not None and run.status is dg.DagsterRunStatus.CANCELED
    stopped = canceled or _was_interrupted(result)
    causes = [
        event.step_failure_data.user_failure_data
        for event in result.all_events
        if event.is_step_failure
    ]
    said = [cause.metadata for cause in causes if cause is not None]
    told = result.success or stopped or any({BAD_DAYS, MACHINE_FAULT} & set(one) for one in said)
    faults = [str(one[MACHINE_FAULT].value) for one in said if MACHINE_FAULT in one]
    return ChunkDone(
        chunk,
        result.run_id,
        result.success,
        stopped,
        broken=not told,
        machine_fault=next(iter(faults), None),
    )


def _was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    # Asked to stop before the first day: Dagster ends the run by itself, as failed.
    ends = [
        event.job_failure_data.error
        for event in result.all_events
        if event.event_type is dg.DagsterEventType.RUN_FAILURE
    ]
    interrupted = dg.DagsterExecutionInterruptedError.__name__
    return any(error is not None and error.cls_name == interrupted for error in ends)
