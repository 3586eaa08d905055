"""What Dagster loads. Opens no connection and needs no variable."""

import dagster as dg

from dagster_project.orchestrate.automation import (
    backfill,
    checks,
    history,
    hourly_checks,
    nightly,
    source_changes,
)
from dagster_project.orchestrate.checks import LEDGER, standing_checks, whole_tables
from dagster_project.orchestrate.dbt_assets import warehouse_setup
from dagster_project.orchestrate.deliveries import (
    publish_job,
    publish_job_days,
    report_job_days,
    snapshot,
)
from dagster_project.orchestrate.job_days import job_days
from dagster_project.orchestrate.specs import presented
from dagster_project.settings import Settings

setup = dg.define_asset_job(
    "setup",
    selection=dg.AssetSelection.assets(warehouse_setup),
    description="Create or update schemas, seeds and views. Days stay as they are.",
)


def definitions(settings: Settings | None = None) -> dg.Definitions:
    """Return all definitions; without settings, each run reads its own from the environment."""
    return dg.Definitions(
        assets=dg.map_asset_specs(
            presented,
            [warehouse_setup, LEDGER, job_days, snapshot, report_job_days, publish_job_days],
        ),
        asset_checks=[standing_checks, whole_tables],
        jobs=[setup, backfill, checks, publish_job],
        schedules=[nightly, history, hourly_checks],
        sensors=[source_changes],
        resources={"settings": dg.ResourceDefinition(lambda _: settings or Settings())},
    )


defs = definitions()
