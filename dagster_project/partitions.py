"""The unit of work: windows of job_days (UTC). What a job_day is: extract/window.sql."""

from dataclasses import dataclass
from datetime import date, timedelta

START_DATE = date(2025, 1, 1)
"""First job_day. Earlier job times are treated as clock errors."""


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

    def __contains__(self, day: date) -> bool:
        """Tell whether a job_day lies in the window."""
        return self.start <= day < self.end

    @property
    def days(self) -> list[date]:
        """Every job_day of the window, oldest first."""
        return [self.start + timedelta(days=n) for n in range((self.end - self.start).days)]

    @classmethod
    def of_day(cls, day: date) -> "Window":
        """Return the window of one job_day."""
        return cls(day, day + timedelta(days=1))

    @classmethod
    def of_days(cls, first: date, last: date) -> "Window":
        """Return the window from one job_day to another, both inclusive."""
        return cls(first, last + timedelta(days=1))


ALL_DAYS = Window(START_DATE, date.max)
"""Every job_day that a source row can have."""
