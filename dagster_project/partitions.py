"""The one daily partitions object (job_day, UTC) and its windows.

Every partitioned asset uses these objects. What a job_day is: docs/decisions and sql/extract/.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

START_DATE = date(2025, 1, 1)
"""First job_day. Earlier job times are treated as clock errors (source_system: sane created_at)."""

JOB_DAYS = dg.DailyPartitionsDefinition(
    start_date=START_DATE.isoformat(),
    timezone="UTC",
    # A client's clock may run up to one day ahead, so today and tomorrow are partitions too.
    end_offset=2,
)

RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
"""Dagster's tags of a run over a range: first and last key, both inclusive."""

BACKFILL_POLICY = dg.BackfillPolicy.single_run()
"""One policy for every partitioned asset: mixed policies silently become one run per day."""


@dataclass(frozen=True, order=True)
class Window:
    """A half-open range of job_days [start, end) in UTC."""

    start: date
    end: date

    def __post_init__(self) -> None:
        """Refuse an empty or reversed window."""
        if self.start >= self.end:
            message = f"window [{self.start}, {self.end}) is empty or reversed"
            raise ValueError(message)

    @property
    def days(self) -> list[date]:
        """Every job_day of the window, oldest first."""
        return [self.start + timedelta(days=n) for n in range((self.end - self.start).days)]

    @classmethod
    def of_day(cls, day: date) -> "Window":
        """Return the window of one job_day."""
        return cls(day, day + timedelta(days=1))

    @classmethod
    def of_partition_range(cls, key_range: dg.PartitionKeyRange) -> "Window":
        """Return the window that a run's partition range covers.

        Args:
            key_range: First and last partition key, both inclusive.

        Returns:
            The half-open window.
        """
        return cls(
            date.fromisoformat(key_range.start),
            date.fromisoformat(key_range.end) + timedelta(days=1),
        )


def partition_keys(now: datetime | None = None) -> list[str]:
    """Return every partition key that exists at a moment.

    Args:
        now: The moment, with time zone; the present when None.

    Returns:
        ISO dates, oldest first.
    """
    return list(JOB_DAYS.get_partition_keys(current_time=now or datetime.now(UTC)))


def window_of_run(context: dg.AssetExecutionContext) -> Window:
    """Return the job_days that a run covers.

    Args:
        context: Dagster's; holds the partition range.

    Returns:
        The half-open window.

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
    return Window.of_partition_range(context.partition_key_range)
