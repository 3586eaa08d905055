"""job_days as Dagster's partitions: one definition and one policy for every partitioned asset."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import dagster as dg

from dagster_project.partitions import START_DATE, Window
from dagster_project.settings import Settings

FIRST_DAY = max(START_DATE, Settings().first_day or START_DATE)
"""First partition; days before it would be shown as missing for ever."""

JOB_DAYS = dg.DailyPartitionsDefinition(
    start_date=FIRST_DAY.isoformat(),
    timezone="UTC",
    # A client's clock may run up to one day ahead, so today and tomorrow are partitions too.
    end_offset=2,
)

BACKFILL_POLICY = dg.BackfillPolicy.single_run()
"""One policy for every partitioned asset: mixed policies silently become one run per day."""

RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
"""Dagster's tags of a run over a range: first and last key, both inclusive."""
DAY_TAG = "dagster/partition"
"""Dagster's tag of a run over a single day."""
OWN_DAYS_TAG = "beacon/job_days"
"""Our tag of a run over a window, until the run itself has Dagster's.

Of a run that is made with Dagster's tags it stores an event per table and day before anything is
done (docs/decisions/0008-dagster-history-is-not-flushed.md). Not for a run that reads partitioned
assets: Dagster asks its tags for their days.
"""


def range_tags(window: Window) -> dict[str, str]:
    """Return Dagster's tags of a run over a window."""
    keys = (window.days[0].isoformat(), window.days[-1].isoformat())
    return dict(zip(RANGE_TAGS, keys, strict=True))


def own_days_tag(window: Window) -> dict[str, str]:
    """Return our tag of a run over a window."""
    return {OWN_DAYS_TAG: "/".join(range_tags(window).values())}


def partition_keys(now: datetime | None = None) -> list[str]:
    """Return every partition key that exists at a moment (with time zone), oldest first."""
    return list(JOB_DAYS.get_partition_keys(current_time=now or datetime.now(UTC)))


def _keys(tags: Mapping[str, str]) -> list[str]:
    if OWN_DAYS_TAG in tags:
        return tags[OWN_DAYS_TAG].split("/")
    return [key for tag in RANGE_TAGS if (key := tags.get(tag) or tags.get(DAY_TAG)) is not None]


def tagged_window(tags: Mapping[str, str]) -> Window | None:
    """Return the window that a run's tags name; None without one, or where they name no days."""
    try:
        first, last = map(date.fromisoformat, _keys(tags))
    except ValueError:
        return None
    return Window.of_days(first, last) if first <= last else None


def window_of_run(tags: Mapping[str, str]) -> Window | None:
    """Return the job_days that a run's tags name; None when it was launched without partitions.

    Raises:
        dagster.Failure: A tag of the run names a day that is no partition.
    """
    asked = _keys(tags)
    keys = partition_keys()
    # Dagster shifts a range that is not keys to the nearest ones, silently.
    wrong = sorted(set(asked) - set(keys))
    if wrong or asked != sorted(asked):
        raise dg.Failure(
            f"{', '.join(wrong or asked)}: no range of job_days. Use YYYY-MM-DD from {min(keys)} "
            f"to {max(keys)}, the earlier one first.",
            allow_retries=False,
        )
    return tagged_window(tags)
