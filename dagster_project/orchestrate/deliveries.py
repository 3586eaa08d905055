"""What is made of finished days, outside of a backfill: report, snapshot, published analyses."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

import dagster as dg
from pydantic import Field

from dagster_project.deliver.report.make import default_path, write_overview
from dagster_project.deliver.snapshot.catalog import SCHEMA
from dagster_project.deliver.snapshot.take import default_folder, take_snapshot
from dagster_project.orchestrate.dbt_assets import warehouse_setup
from dagster_project.orchestrate.job_days import job_days
from dagster_project.orchestrate.partitions import BACKFILL_POLICY, JOB_DAYS, window_of_run
from dagster_project.partitions import Window
from dagster_project.publish.operate import publish
from dagster_project.publish.plan import Action
from dagster_project.publish.read import Scope
from dagster_project.settings import Settings

REPORT = dg.AssetKey(["deliver", "report"])
REPORT_READS = {"analytics", "scores"}
PUBLICATIONS = dg.AssetKey(["ops", "publications"])
PUBLISH = "publish"


@dg.multi_asset(
    name="report_job_days",
    specs=[
        dg.AssetSpec(
            REPORT,
            deps=[key for key in job_days.keys if key.path[0] in REPORT_READS],
            description=(
                "What is known about the jobs of a day as one HTML file that needs nothing else, "
                "in the folder BEACON_HOME/reports. `beacon report` writes the one about all days."
            ),
            group_name="deliver",
            kinds={"html"},
            skippable=True,
        )
    ],
    partitions_def=JOB_DAYS,
    backfill_policy=BACKFILL_POLICY,
)
def report_job_days(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.AssetMaterialization]:
    """Replace the report of each job_day of the run."""
    for day in window_of_run(context).days:
        window = Window.of_day(day)
        path = default_path(settings.home, window).absolute()
        made = write_overview(settings.require("warehouse_url"), path, window)
        yield dg.AssetMaterialization(
            REPORT,
            partition=day.isoformat(),
            metadata={
                "report": dg.MetadataValue.path(made.path),
                "link": dg.MetadataValue.url(made.path.as_uri()),
                "jobs": made.jobs,
                "size_bytes": made.size_bytes,
            },
        )


@dg.asset(
    key=["deliver", "snapshot"],
    deps=[key for key in (*job_days.keys, *warehouse_setup.keys) if key.path[0] == SCHEMA],
    group_name="deliver",
    kinds={"duckdb", "parquet"},
    description=(
        "What analysts read as one DuckDB file and Parquet, from one moment of the warehouse, in "
        "the folder BEACON_HOME/snapshot."
    ),
)
def snapshot(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult[None]:
    """Replace the snapshot; returns rows of each relation, size and time."""
    taken = take_snapshot(
        settings.require("warehouse_url"),
        default_folder(settings.home),
        settings.batch_rows,
        lambda done, total: context.log.info("%s of %s relations written", done, total),
    )
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(taken.folder),
            "dagster/row_count": sum(taken.rows.values()),
            "rows": dict(taken.rows),
            "size_bytes": taken.size_bytes,
            "seconds": round(taken.seconds, 1),
        }
    )


class Confirmation(dg.Config):
    """What must be typed in before anything is written into the platform's database."""

    confirm: str = Field(
        description=f"Type {PUBLISH}: this job writes into the platform's own tables."
    )


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
def publish_job_days(
    context: dg.AssetExecutionContext,
    config: Confirmation,
    settings: dg.ResourceParam[Settings],
) -> Iterator[dg.AssetMaterialization]:
    """Bring the runner's tables in line with the run's job_days.

    Yields:
        A materialization per job_day with the number of jobs by what happened to them.

    Raises:
        dg.Failure: The run was not confirmed.
    """
    if config.confirm != PUBLISH:
        raise dg.Failure(
            f"Nothing was published: set confirm to {PUBLISH} in the run's config.",
            allow_retries=False,
        )
    if settings.publish_url is None:
        context.log.warning("Nothing was published: BEACON_PUBLISH_URL is not set.")
        return
    window = window_of_run(context)
    days: dict[date | None, Counter[str]] = defaultdict(Counter)
    for outcome in publish(
        settings.require("warehouse_url"),
        settings.require("publish_url"),
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
    PUBLISH,
    selection=dg.AssetSelection.assets(publish_job_days),
    description="Publish analyses of a range of job_days. Off unless BEACON_PUBLISH_URL is set.",
)
