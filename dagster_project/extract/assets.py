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

RELATIONS = {
    "raw.jobs": "Jobs of the standard workflow; since 2025-10-08 of the cross-region one too.",
    "raw.executions": "One row per finished execution; overwritten in place by retries.",
    "raw.cross_region_executions": "One row per run of the cross-region workflow.",
    "raw.region_results": "First successful answer of each region of a cross-region run.",
    "raw.cross_region_analyses": "The runner's own analyses of cross-region runs.",
    "raw.diffs": "Effectively empty in the source; copied for completeness.",
    "ops.quarantine": "Source rows that cannot be stored: which, and why.",
}

SPECS = [
    dg.AssetSpec(
        relation.split("."),
        description=description,
        group_name="extract",
        kinds={"postgres"},
        partitions_def=JOB_DAYS,
        skippable=True,
    )
    for relation, description in RELATIONS.items()
]


def _run(databases: Databases, window: Window) -> Sequence[NodeResult]:
    extract_window(databases.runner, databases.warehouse, window, Settings().batch_rows)
    return ()


STAGE = Stage(
    name="extract",
    relations=tuple(RELATIONS),
    run=_run,
    method_version=lambda: EXTRACT_VERSION,
)
