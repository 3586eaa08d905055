"""Gathers the stages' definitions. Loading it opens no connection and needs no variable."""

import dagster as dg

from dagster_project.asset_policy import presented
from dagster_project.backfill.assets import job_days
from dagster_project.backfill.automation import backfill, history, nightly, source_changes
from dagster_project.deliver.snapshot.assets import snapshot
from dagster_project.publish.assets import publish_job, publish_job_days
from dagster_project.unify.assets import warehouse_structure

structure = dg.define_asset_job(
    "structure",
    selection=dg.AssetSelection.assets(warehouse_structure),
    description="Create or update schemas, seeds and views. Days stay as they are.",
)

defs = dg.Definitions(
    assets=dg.map_asset_specs(
        presented, [warehouse_structure, job_days, snapshot, publish_job_days]
    ),
    jobs=[structure, backfill, publish_job],
    schedules=[nightly, history],
    sensors=[source_changes],
)
