"""Dagster's view of the extract stage: one asset per copied table."""

from collections.abc import Sequence

import dagster as dg

from dagster_project.backfill.stages import Databases, Stage
from dagster_project.extract.version import EXTRACT_VERSION
from dagster_project.extract.window import extract_window
from dagster_project.partitions import JOB_DAYS, Window
from dagster_project.settings import Settings
from dagster_project.unify.dbt_run import NodeResult

RELATIONS = (
    "raw.jobs",
    "raw.executions",
    "raw.cross_region_executions",
    "raw.region_results",
    "raw.cross_region_analyses",
    "raw.diffs",
    "ops.quarantine",
)

SPECS = [
    dg.AssetSpec(
        relation.split("."),
        group_name="extract",
        kinds={"postgres"},
        partitions_def=JOB_DAYS,
        skippable=True,
    )
    for relation in RELATIONS
]


def _run(databases: Databases, window: Window) -> Sequence[NodeResult]:
    extract_window(databases.runner, databases.warehouse, window, Settings().batch_rows)
    return ()


STAGE = Stage(
    name="extract",
    relations=RELATIONS,
    run=_run,
    method_version=lambda: EXTRACT_VERSION,
)
