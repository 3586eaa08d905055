"""Dagster's view of publishing: one asset, one materialization per job_day, a job of its own."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

import dagster as dg

from dagster_project.partitions import BACKFILL_POLICY, JOB_DAYS, window_of_run
from dagster_project.publish.operate import publish
from dagster_project.publish.plan import Action
from dagster_project.publish.read import Scope
from dagster_project.settings import Settings

PUBLICATIONS = dg.AssetKey(["ops", "publications"])


@dg.multi_asset(
    name="publish_job_days",
    specs=[
        dg.AssetSpec(
            PUBLICATIONS,
            deps=[
                dg.AssetKey(["analytics", "fct_job_bias_metrics"]),
                dg.AssetKey(["intermediate", "int_analyses__presented"]),
                dg.AssetKey(["intermediate", "int_region_results__presented"]),
            ],
            description=(
                "Analyses of standard jobs in the runner's own tables, so that its bias page shows "
                "them. Off unless BEACON_PUBLISH_URL is set: then a run does nothing."
            ),
            group_name="publish",
            kinds={"postgres"},
            skippable=True,
        )
    ],
    partitions_def=JOB_DAYS,
    backfill_policy=BACKFILL_POLICY,
)
def publish_job_days(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization]:
    """Bring the runner's tables in line with the run's job_days.

    Args:
        context: Dagster's; holds the partition range.

    Yields:
        A materialization per job_day with the number of jobs by what happened to them.

    Raises:
        dagster.Failure: The range is not partition keys; names them.
    """
    settings = Settings()
    if settings.publish_url is None:
        context.log.warning("Nothing was published: BEACON_PUBLISH_URL is not set.")
        return
    window = window_of_run(context)
    days: dict[date | None, Counter[str]] = defaultdict(Counter)
    for outcome in publish(
        settings.require_warehouse_url(),
        settings.require_publish_url(),
        Scope(window),
        settings.publish_rows,
        dry_run=False,
    ):
        days[outcome.job_day][outcome.action] += 1
        if outcome.action is Action.NOT_PUBLISHED:
            context.log.info("%s: %s", outcome.job_id, outcome.explanation)
    for day in window.days:
        yield dg.AssetMaterialization(
            PUBLICATIONS,
            partition=day.isoformat(),
            metadata={action.value: days[day][action] for action in Action},
        )


publish_job = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.assets(publish_job_days),
    description="Publish analyses of a range of job_days. Off unless BEACON_PUBLISH_URL is set.",
)
