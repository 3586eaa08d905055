"""The local Dagster instance and one in-process run on it. Knows nothing about the domain."""

import fcntl
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.orchestrate.history import fast_history
from dagster_project.paths import replaced_file
from dagster_project.settings import Settings

CONFIGURATION = "dagster.yaml"
SHIPPED_SETTINGS = Path(__file__).with_name(CONFIGURATION)

# The URL itself stays in the environment.
_IN_POSTGRES = """storage:
  postgres:
    postgres_url:
      env: BEACON_DAGSTER_URL
"""

DEFINITIONS = "dagster_project.definitions"
# As Dagster stores it with the runs that its own webserver launches; its release is pinned.
_REPOSITORY = {
    "external_repository_origin": {
        "__class__": "ExternalRepositoryOrigin",
        "repository_name": "__repository__",
        "repository_location_origin": {
            "__class__": "ManagedGrpcPythonEnvRepositoryLocationOrigin",
            "location_name": DEFINITIONS,
            "loadable_target_origin": {
                "__class__": "LoadableTargetOrigin",
                "module_name": DEFINITIONS,
            },
        },
    }
}

_CODE = {
    "repository_origin": {
        "__class__": "RepositoryPythonOrigin",
        "executable_path": sys.executable,
        "code_pointer": {
            "__class__": "ModuleCodePointer",
            "module": DEFINITIONS,
            "fn_name": "defs",
            "working_directory": None,
        },
        "container_image": None,
        "entry_point": ["dagster"],
        "container_context": None,
    }
}

# The console belongs to the command's own progress; the run's log is kept in the instance.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open the local instance; a folder of ours gets our dagster.yaml unless it has one."""
    folder = settings.instance_folder
    configuration = folder / CONFIGURATION
    if settings.dagster_home is None and not configuration.exists():
        folder.mkdir(parents=True, exist_ok=True)
        storage = _IN_POSTGRES if settings.dagster_url else ""
        # Put there whole: another command may be reading it.
        with replaced_file(configuration) as fresh:
            shipped = SHIPPED_SETTINGS.read_text(encoding="utf-8")
            fresh.write_text(shipped + storage, encoding="utf-8")
    with fast_history(), _opened(folder) as instance:
        yield instance


def _opened(folder: Path) -> dg.DagsterInstance:
    """Open one after the other: Dagster creates its tables without a lock."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return dg.DagsterInstance.from_config(str(folder))
    finally:
        os.close(lock)


def run_in_process(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    *,
    selection: Sequence[dg.AssetKey] | None = None,
    tags: Mapping[str, str] | None = None,
    run_config: Mapping[str, object] | None = None,
) -> dg.ExecuteInProcessResult:
    """Execute a job as a real run of the instance.

    Args:
        job: The job.
        instance: Where the run is recorded.
        selection: Assets to materialize; None for all of the job's.
        tags: Run tags, among them the partition range of a partitioned job.
        run_config: The run's configuration, loggers apart.

    Returns:
        The result; a failed run is a result, not an exception.
    """
    result = job.execute_in_process(
        instance=instance,
        tags=dict(tags or {}),
        asset_selection=selection,
        run_config={**_QUIET, **(run_config or {})},
        raise_on_error=False,
    )
    _name_origin(instance, result.run_id, job)
    return result


def submit_run(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    *,
    selection: Sequence[dg.AssetKey],
    tags: Mapping[str, str],
    run_config: Mapping[str, object],
) -> str:
    """Put a run into the instance's queue, from which its daemon launches it; return its id."""
    run = instance.create_run_for_job(
        job.get_subset(asset_selection=set(selection)),
        asset_selection=set(selection),
        tags=tags,
        run_config=run_config,
        remote_job_origin=_remote_origin(job),
        job_code_origin=_internal("PipelinePythonOrigin", pipeline_name=job.name, **_CODE),
    )
    # What the queue's own coordinator does; it also wants a code server, which is the daemon's.
    instance.report_dagster_event(dg.DagsterEvent.job_enqueue(run), run_id=run.run_id)
    return run.run_id


def plan_partition(context: dg.AssetExecutionContext, key: dg.AssetKey, partition: str) -> None:
    """Store that a run meant to make a partition: where it does not, Dagster shows it as failed."""
    planned = _internal(
        "AssetMaterializationPlannedData",
        asset_key={"__class__": "AssetKey", "path": key.path},
        partition=partition,
        partitions_subset=None,
    )
    event = dg.DagsterEvent.build_asset_materialization_planned_event(
        context.run.job_name, context.op_execution_context.op.name, planned
    )
    context.instance.report_dagster_event(event, context.run.run_id)


def _name_origin(instance: dg.DagsterInstance, run_id: str, job: dg.JobDefinition) -> None:
    """Say where the run's job is defined: the timeline leaves out runs that do not."""
    run = instance.get_run_by_id(run_id)
    if run is not None:
        instance.run_storage.replace_job_origin(run, _remote_origin(job))


def _remote_origin(job: dg.JobDefinition) -> Any:  # noqa: ANN401  see `_internal`
    return _internal("ExternalPipelineOrigin", pipeline_name=job.name, **_REPOSITORY)


def _internal(class_name: str, **fields: object) -> Any:  # noqa: ANN401
    """Return an object of Dagster's whose class is not public."""
    return dg.deserialize_value(json.dumps({"__class__": class_name, **fields}))
