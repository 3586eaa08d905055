"""State of the source per job_day: one cheap read-only query. Remembers nothing; see ledger.py."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from psycopg.rows import class_row

from dagster_project.extract.window import window_parameters, window_tables
from dagster_project.partitions import ALL_DAYS, Window
from dagster_project.postgres import connect, read_sql

_COUNT = re.compile(r"=(\d+):")


@dataclass(frozen=True)
class SourceDay:
    """What the source holds of one job_day (UTC) in one table.

    Attributes:
        job_day: The day.
        source_table: One of the six tables.
        row_count: Rows, published ones left out.
        content_hash: Hexadecimal, 64 bits; changes with every insert, update and delete.
    """

    job_day: date
    source_table: str
    row_count: int
    content_hash: str


def source_days(runner_url: str, window: Window | None = None) -> list[SourceDay]:
    """Count and hash the source rows of each job_day.

    Args:
        runner_url: libpq URL of the runner's database.
        window: Only these job_days; None for all.

    Returns:
        One entry per job_day and table that has rows, ordered by both.
    """
    statement = read_sql("backfill/fingerprints.sql").format(window=window_tables())
    with (
        connect(runner_url, application="fingerprints", read_only=True) as source,
        source.cursor(row_factory=class_row(SourceDay)) as cursor,
    ):
        return cursor.execute(statement, window_parameters(window or ALL_DAYS)).fetchall()


def rows_of(fingerprint: str | None) -> int:
    """Return how many source rows a fingerprint stands for.

    Args:
        fingerprint: As `fingerprints` makes it; None for a day without a row.

    Returns:
        Rows of all tables together.
    """
    return sum(int(count) for count in _COUNT.findall(fingerprint or ""))


def fingerprints(runner_url: str, window: Window | None = None) -> Mapping[date, str]:
    """Return the fingerprint of each job_day.

    Args:
        runner_url: libpq URL of the runner's database.
        window: Only these job_days; None for all.

    Returns:
        By job_day that has rows: rows and hash of each table, e.g. ``jobs=2:9f0c…``.
    """
    days = groupby(source_days(runner_url, window), key=lambda part: part.job_day)
    return {
        job_day: " ".join(
            f"{part.source_table}={part.row_count}:{part.content_hash}" for part in parts
        )
        for job_day, parts in days
    }
