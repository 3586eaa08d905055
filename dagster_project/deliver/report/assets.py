"""Dagster's view of the report: one asset, one file per job_day. Not part of a backfill."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.backfill.assets import job_days
from dagster_project.deliver.report.make import default_path, write_overview
from dagster_project.partitions import BACKFILL_POLICY, JOB_DAYS, Window
from dagster_project.settings import Settings

REPORT = dg.AssetKey(["deliver", "report"])
READ_SCHEMAS = {"analytics", "scores"}


@dg.multi_asset(
    name="report_job_days",
    specs=[
        dg.AssetSpec(
            REPORT,
            deps=[key for key in job_days.keys if key.path[0] in READ_SCHEMAS],
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
def report_job_days(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization]:
    """Replace the report of each job_day of the run.

    Args:
        context: Dagster's; holds the partition range.

    Yields:
        A materialization per job_day with the path of its file.
    """
    settings = Settings()
    for day in Window.of_partition_range(context.partition_key_range).days:
        window = Window.of_day(day)
        path = default_path(settings.home, window).absolute()
        made = write_overview(settings.require_warehouse_url(), path, window)
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
