"""Makes report files: reads one snapshot, builds the page, replaces the file."""

import os
import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from dagster_project.deliver.report.job_page import job_page
from dagster_project.deliver.report.overview import overview_page
from dagster_project.deliver.report.page import page_html
from dagster_project.deliver.report.read import snapshot
from dagster_project.deliver.report.read_job import read_job
from dagster_project.deliver.report.read_overview import read_overview
from dagster_project.partitions import Window

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Report:
    """A report that was written.

    Attributes:
        path: The file.
        size_bytes: Its size.
        jobs: Jobs that it is about.
    """

    path: Path
    size_bytes: int
    jobs: int


class UnknownJobError(LookupError):
    """The warehouse does not hold the job."""


def default_path(home: Path, window: Window | None = None, job_id: str | None = None) -> Path:
    """Return where a report goes that nobody named a file for.

    Args:
        home: The project's local state folder.
        window: Days of the report; None for all.
        job_id: Job of the report; None for a report about days.

    Returns:
        A file below ``reports``; the same days or job have the same file.
    """
    name = "report"
    if job_id is not None:
        name = f"job_{_UNSAFE.sub('_', job_id)[:100]}"
    elif window is not None:
        name = f"report_{_days(window)}"
    return home / "reports" / f"{name}.html"


def _days(window: Window) -> str:
    if window.end == date.max:
        return f"from_{window.start}"
    last = window.end - timedelta(days=1)
    return f"{window.start}" if last == window.start else f"{window.start}_{last}"


def write_overview(url: str, path: Path, window: Window | None = None) -> Report:
    """Write the report about the jobs of some days.

    Args:
        url: libpq URL of the warehouse.
        path: File to replace.
        window: The days; None for all.

    Returns:
        What was written.
    """
    with snapshot(url) as connection:
        data = read_overview(connection, window)
    size = _replace(path, page_html(overview_page(data)))
    return Report(path, size, data.totals.jobs)


def write_job(url: str, path: Path, job_id: str) -> Report:
    """Write the report about one job.

    Args:
        url: libpq URL of the warehouse.
        path: File to replace.
        job_id: Public id of the job.

    Returns:
        What was written.

    Raises:
        UnknownJobError: There is no such job; no file was touched.
    """
    with snapshot(url) as connection:
        data = read_job(connection, job_id)
    if data is None:
        raise UnknownJobError(job_id)
    return Report(path, _replace(path, page_html(job_page(data))), jobs=1)


def _replace(path: Path, html: str) -> int:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    size = unfinished.write_bytes(html.encode())
    unfinished.replace(path)
    return size
