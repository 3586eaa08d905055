"""job_days as Dagster's partitions: one definition and one policy for every partitioned asset."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import dagster as dg

from dagster_project.partitions import START_DATE, Window

JOB_DAYS = dg.DailyPartitionsDefinition(
    start_date=START_DATE.isoformat(),
    timezone="UTC",
    # A client's clock may run up to one day ahead, so today and tomorrow are partitions too.
    end_offset=2,
)

BACKFILL_POLICY = dg.BackfillPolicy.single_run()
"""One policy for every partitioned asset: mixed policies silently become one run per day."""

RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
"""Dagster's tags of a run over a range: first and last key, both inclusive."""


def range_tags(window: Window) -> dict[str, str]:
    """Return Dagster's tags of a run over a window."""
    keys = (window.days[0].isoformat(), window.days[-1].isoformat())
    return dict(zip(RANGE_TAGS, keys, strict=True))


def tagged_window(tags: Mapping[str, str]) -> Window | None:
    """Return the window that a run's tags name, as a range or a single key; None without."""
    first, last = (tags.get(tag) or tags.get("dagster/partition") for tag in RANGE_TAGS)
    if first is None or last is None:
        return None
    return Window.of_days(date.fromisoformat(first), date.fromisoformat(last))


def partition_keys(now: datetime | None = None) -> list[str]:
    """Return every partition key that exists at a moment (with time zone), oldest first."""
    return list(JOB_DAYS.get_partition_keys(current_time=now or datetime.now(UTC)))


def window_of_run(context: dg.AssetExecutionContext) -> Window:
    """Return the job_days that a run covers.

    Raises:
        dagster.Failure: A tag of the run names a day that is no partition.
    """
    keys = set(partition_keys())
    asked = [context.run.tags[tag] for tag in RANGE_TAGS if tag in context.run.tags]
    # Dagster shifts a range that is not keys to the nearest ones, silently.
    wrong = [key for key in asked if key not in keys]
    if wrong:
        raise dg.Failure(
            f"{', '.join(wrong)} is not a job_day. Use YYYY-MM-DD from {min(keys)} to {max(keys)}.",
            allow_retries=False,
        )
    first, last = context.partition_key_range
    return Window.of_days(date.fromisoformat(first), date.fromisoformat(last))
