"""What Dagster loads. Opens no connection and needs no variable."""

import dagster as dg

from dagster_project.orchestrate.automation import (
    alerts,
    backfill,
    checks,
    deliver,
    deliveries,
    history,
    hourly_checks,
    nightly,
    publish,
    setup,
    source_changes,
)
from dagster_project.orchestrate.checks import LEDGER, day_checks, standing_checks, whole_tables
from dagster_project.orchestrate.pipeline import pipeline
from dagster_project.orchestrate.specs import RUNNER, presented
from dagster_project.settings import Settings


def definitions(settings: Settings | None = None) -> dg.Definitions:
    """Return all definitions; without settings, each run reads its own from the environment."""
    return dg.Definitions(
        assets=dg.map_asset_specs(presented, [*RUNNER, pipeline, LEDGER]),
        asset_checks=[standing_checks, whole_tables],
        jobs=[setup, backfill, deliver, publish, checks, day_checks],
        schedules=[nightly, history, hourly_checks],
        sensors=[source_changes, deliveries, alerts],
        # A run is one op. Of a child process Dagster would say canceled when its work was done.
        executor=dg.in_process_executor,
        resources={"settings": dg.ResourceDefinition(lambda _: settings or Settings())},
    )


defs = definitions()
