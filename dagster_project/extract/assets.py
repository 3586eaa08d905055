"""Dagster's view of the extract stage: one asset per copied table."""

from collections.abc import Sequence

import dagster as dg

from dagster_project.backfill.stages import Databases, Stage
from dagster_project.extract.window import extract_window
from dagster_project.partitions import JOB_DAYS, Window
from dagster_project.settings import Settings
from dagster_project.unify.dbt_run import NodeResult

EXTRACT_VERSION = "1"
"""Raised when the same source rows must be copied in another way."""

TABLES = {
    "jobs": "Jobs of the standard workflow and, since 2025-10-08, of the cross-region workflow.",
    "executions": "One row per finished execution; overwritten in place by retries.",
    "cross_region_executions": "One row per run of the cross-region workflow.",
    "region_results": "First successful answer of each region of a cross-region run.",
    "cross_region_analyses": "The runner's own analyses of cross-region runs.",
    "diffs": "Effectively empty in the source; copied for completeness.",
}

SPECS = [
    dg.AssetSpec(
        ["raw", table],
        description=description,
        group_name="extract",
        kinds={"postgres"},
        partitions_def=JOB_DAYS,
        skippable=True,
    )
    for table, description in TABLES.items()
]


def _run(databases: Databases, window: Window) -> Sequence[NodeResult]:
    extract_window(databases.runner, databases.warehouse, window, Settings().batch_rows)
    return ()


STAGE = Stage(
    name="extract",
    relations=("raw.jobs", *(f"raw.{table}" for table in TABLES if table != "jobs")),
    run=_run,
    method_version=lambda: EXTRACT_VERSION,
)
