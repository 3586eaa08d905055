"""Reads what publishing needs of the warehouse: the candidates, and what is known of some jobs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row, scalar_row

from dagster_project.partitions import ALL_DAYS, Window
from dagster_project.postgres import read_sql
from dagster_project.publish.facts import Analysis, Job, Region
from dagster_project.publish.rows import Rows, published_rows

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class Scope:
    """Which jobs are looked at: those of a window of job_days, or one; all when both are None."""

    window: Window | None = None
    job_id: str | None = None


def candidates(
    warehouse: psycopg.Connection[Any], scope: Scope, page_jobs: int
) -> Iterator[list[str]]:
    """Yield the standard and the published jobs of a scope.

    Args:
        warehouse: Session that holds the cursor; it is in one transaction while this runs.
        page_jobs: Most ids at a time.

    Yields:
        Pages of ids, in order.
    """
    yield from _pages(warehouse, "publish/candidates.sql", scope, page_jobs)


def known_jobs(
    warehouse: psycopg.Connection[Any], scope: Scope, page_jobs: int
) -> Iterator[list[str]]:
    """Yield every job of a scope that the warehouse or the record knows.

    Args:
        warehouse: Session that holds the cursor; it is in one transaction while this runs.
        page_jobs: Most ids at a time.

    Yields:
        Pages of ids, in order.
    """
    yield from _pages(warehouse, "publish/known_jobs.sql", scope, page_jobs)


def _pages(
    warehouse: psycopg.Connection[Any], query: str, scope: Scope, page_jobs: int
) -> Iterator[list[str]]:
    if scope.job_id is not None:
        yield [scope.job_id]
        return
    with warehouse.cursor("jobs", row_factory=scalar_row) as cursor:
        cursor.execute(read_sql(query), vars(scope.window or ALL_DAYS))
        while page := cursor.fetchmany(page_jobs):
            yield page


def jobs(warehouse: psycopg.Connection[Any], job_ids: Sequence[str]) -> list[Job]:
    """Return what the warehouse and the record know of some jobs."""
    return _rows(warehouse, "publish/jobs.sql", Job, job_ids)


def wanted_rows(
    warehouse: psycopg.Connection[Any], job_ids: Sequence[str], columns: Mapping[str, Sequence[str]]
) -> Mapping[str, Rows]:
    """Return the rows that some jobs should have in the runner's tables."""
    analyses = _rows(warehouse, "publish/analyses.sql", Analysis, job_ids)
    regions = {
        job_id: list(rows)
        for job_id, rows in groupby(
            _rows(warehouse, "publish/regions.sql", Region, job_ids), key=lambda row: row.job_id
        )
    }
    return {
        analysis.job_id: _with_columns(published_rows(analysis, regions[analysis.job_id]), columns)
        for analysis in analyses
    }


def _with_columns(rows: Rows, columns: Mapping[str, Sequence[str]]) -> Rows:
    return {
        table: [{column: row[column] for column in columns[table]} for row in rows_of_table]
        for table, rows_of_table in rows.items()
    }


def _rows(
    warehouse: psycopg.Connection[Any], query: str, kind: type[_Row], job_ids: Sequence[str]
) -> list[_Row]:
    with warehouse.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(read_sql(query), {"job_ids": list(job_ids)}).fetchall()
