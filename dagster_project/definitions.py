"""Gathers the stages' definitions. Loading it opens no connection and needs no variable."""

import dagster as dg

from dagster_project.asset_policy import presented
from dagster_project.backfill.assets import job_days
from dagster_project.backfill.automation import (
    backfill,
    checks,
    history,
    hourly_checks,
    nightly,
    source_changes,
)
from dagster_project.backfill.checks import LEDGER, standing_checks, whole_tables
from dagster_project.deliver.report.assets import report_job_days
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
        presented,
        [warehouse_structure, LEDGER, job_days, snapshot, report_job_days, publish_job_days],
    ),
    asset_checks=[standing_checks, whole_tables],
    jobs=[structure, backfill, checks, publish_job],
    schedules=[nightly, history, hourly_checks],
    sensors=[source_changes],
)
