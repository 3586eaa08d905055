"""The local Dagster instance and one in-process run on it. Knows nothing about the domain."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from dagster_project.paths import PROJECT_DIR
from dagster_project.run_history import unsynced_history

# The console belongs to the command's own progress; the run's log is kept in the instance.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def prepare_dagster_home(home: Path) -> Path:
    """Create the instance's folder and point DAGSTER_HOME at it, unless the caller has one.

    Args:
        home: The project's local state folder.

    Returns:
        The instance's folder.
    """
    if "DAGSTER_HOME" in os.environ:
        return Path(os.environ["DAGSTER_HOME"])
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    # Replaced whole: another command may be reading it.
    fresh = folder / f"dagster.yaml.{os.getpid()}"
    shutil.copyfile(PROJECT_DIR / "dagster.yaml", fresh)
    fresh.replace(folder / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


@contextmanager
def dagster_instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """Open the local instance.

    Args:
        home: The project's local state folder.

    Yields:
        The instance; closed at the end.
    """
    folder = prepare_dagster_home(home)
    with unsynced_history(), _opened(folder) as instance:
        yield instance


def _opened(folder: Path) -> dg.DagsterInstance:
    """Open one after the other: Dagster creates its tables without a lock."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return dg.DagsterInstance.get()
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
    return job.execute_in_process(
        instance=instance,
        tags=dict(tags or {}),
        asset_selection=selection,
        run_config={**_QUIET, **(run_config or {})},
        raise_on_error=False,
    )
