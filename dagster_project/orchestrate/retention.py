"""Which of Dagster's runs nobody needs any more, and deleting them.

With a run go its events, and with these what the UI shows of each partition and check. So the run
that last made a partition of a table, tried to, or evaluated a check, stays however old it is, and
so does the one that the ledger names for a day.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg
from dagster import AssetCheckKey

from dagster_project.orchestrate.checks import DAY_CHECKS, STANDING, WHOLE_TABLES
from dagster_project.orchestrate.pipeline import REASON_TAG

ENDED = (
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
)
MADE = dg.DagsterEventType.ASSET_MATERIALIZATION
BATCH = 1_000
"""Events that are read at a time."""


@dataclass(frozen=True)
class OldRun:
    """A run that may go: its job, last change in UTC and bytes of its own files."""

    run_id: str
    job: str
    changed_at: datetime
    size_bytes: int


def old_runs(
    instance: dg.DagsterInstance, before: datetime, kept: Collection[str], *, is_ours: bool
) -> Sequence[OldRun]:
    """Return the runs that ended before a moment and that nothing shows or names.

    Args:
        instance: Whose runs.
        before: The moment, UTC.
        kept: Ids of runs that the ledger names.
        is_ours: Whether the instance serves this project alone; else only runs with our tag count.
    """
    records = [
        record
        for record in instance.get_run_records(
            dg.RunsFilter(statuses=list(ENDED), updated_before=before)
        )
        if record.dagster_run.run_id not in kept
        and (is_ours or REASON_TAG in record.dagster_run.tags)
    ]
    needed = set(_shown_runs(instance)) if records else set()
    return [
        OldRun(
            record.dagster_run.run_id,
            record.dagster_run.job_name,
            record.update_timestamp,
            sum(file.stat().st_size for file in _files(instance, record.dagster_run.run_id)),
        )
        for record in records
        if record.dagster_run.run_id not in needed
    ]


def delete_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete a run, its events and the files that hold nothing else."""
    files = _files(instance, run_id)
    instance.delete_run(run_id)
    for file in files:
        file.unlink(missing_ok=True)


def _files(instance: dg.DagsterInstance, run_id: str) -> Sequence[Path]:
    """Return the files of a run where Dagster keeps its history in SQLite: one, with its log."""
    folder = Path(instance.root_directory) / "history" / "runs"
    return [path for path in folder.glob(f"{run_id}.db*") if path.is_file()]


def _shown_runs(instance: dg.DagsterInstance) -> Iterator[str]:
    """Yield the runs from which the UI knows the state of a partition, a table or a check."""
    storage = instance.event_log_storage
    for key in instance.get_asset_keys():
        latest = instance.get_latest_materialization_event(key)
        if latest is not None:
            yield latest.run_id
        ids = sorted(storage.get_latest_storage_id_by_partition(key, MADE).values())
        for start in range(0, len(ids), BATCH):
            wanted = dg.AssetRecordsFilter(key, storage_ids=ids[start : start + BATCH])
            found = instance.fetch_materializations(wanted, limit=BATCH)
            yield from (record.run_id for record in found.records)
        tried = storage.get_latest_asset_partition_materialization_attempts_without_materializations
        yield from (run_id for run_id, _ in tried(key).values())
    yield from (
        record.run_id
        for record in storage.get_latest_asset_check_execution_by_key(_CHECKS).values()
    )


_CHECKS: Sequence[AssetCheckKey] = [
    *DAY_CHECKS.values(),
    *(check.key for check in STANDING),
    WHOLE_TABLES.key,
]
