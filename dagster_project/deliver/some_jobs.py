"""Jobs that fit some filters: what there is to look at one by one. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from dagster_project.deliver.one_job import Row
from dagster_project.partitions import ALL_DAYS, Window
from dagster_project.postgres import read_sql


@dataclass(frozen=True)
class Wanted:
    """Which jobs; a filter that is None lets every job through.

    Attributes:
        state: Analysis state, as in job_status.
        model: Model that the job asks, by its canonical id; in `region` when that is given, too.
        region: Region that the job asks.
        verdict: Whether its regions differ, as in job_verdicts.
        text: Part of the job's id, in any case.
    """

    state: str | None = None
    workflow: str | None = None
    model: str | None = None
    region: str | None = None
    verdict: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class SomeJobs:
    """The newest jobs that fit, and how many fit in all.

    Attributes:
        jobs: Rows of some_jobs.sql without ``matching``.
    """

    matching: int
    jobs: list[Row]


class UnknownValueError(ValueError):
    """No job has the value of a filter."""

    def __init__(self, name: str, value: str, known: Sequence[str]) -> None:
        """Name the filter, its value and those that there are."""
        there = ", ".join(known) or "none"
        super().__init__(f"No job has the {name} {value!r}. There are: {there}.")


def read_some_jobs(
    connection: psycopg.Connection[Any], wanted: Wanted, window: Window | None, limit: int
) -> SomeJobs:
    """Read at most `limit` jobs that fit, the newest first.

    Raises:
        UnknownValueError: Nothing fits, and no job at all has the value of one of the filters.
    """
    days = window or ALL_DAYS
    filters = asdict(wanted)
    values = {
        "model_id": wanted.model,
        **filters,
        "start": days.start,
        "end": days.end,
        "most": limit,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(read_sql("deliver/some_jobs.sql"), values).fetchall()
    if not found:
        _require_known(connection, filters)
    matching = found[0]["matching"] if found else 0
    jobs = [{name: value for name, value in row.items() if name != "matching"} for row in found]
    return SomeJobs(matching, jobs)


def _require_known(connection: psycopg.Connection[Any], filters: Mapping[str, str | None]) -> None:
    known: dict[str, list[str] | None] = dict(
        connection.execute(read_sql("deliver/some_jobs_values.sql")).fetchall()
    )
    for name, value in filters.items():
        if value is not None and name in known and value not in (known[name] or ()):
            raise UnknownValueError(name, value, [one for one in known[name] or () if one])
