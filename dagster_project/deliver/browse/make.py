"""Writes the folder: an index with every job, and a page per job, from one snapshot.

Belongs here: what the index holds, and how it becomes files. Does not belong here: how it looks and
acts (templates), or a job's page (the report's). docs/decisions/0042 says why a folder like this.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from psycopg.rows import dict_row

from dagster_project.analyse.periods import Period
from dagster_project.console import visible
from dagster_project.deliver.one_job import Row, snapshot
from dagster_project.deliver.report.job_page import job_page
from dagster_project.deliver.report.make import (
    BROWSE,
    JOB_PAGES,
    page_html,
    page_name,
    page_parts,
)
from dagster_project.deliver.report.read import (
    EVERYTHING,
    Connection,
    bounds,
    read_job_page,
    read_months,
    read_profile,
    read_provenance,
    read_questions,
    read_reliability,
    read_variants,
)
from dagster_project.deliver.report.wording import (
    ANALYSIS_STATES,
    ANSWER_STATES,
    VERDICTS,
    beginning,
    in_words,
    region_order,
)
from dagster_project.outputs import Place, folder_size, written_folder
from dagster_project.partitions import Window
from dagster_project.postgres import read_sql
from dagster_project.score.our_jobs import MIN_ANSWERS

MARKER, INDEX, PAGES = "browse.json", Path(BROWSE).name, Path(JOB_PAGES).name
TEMPLATES = Path(__file__).with_name("templates")
JOBS_AT_ONCE = 200
"""Jobs in memory, and in one block of the index."""
LONGEST_QUESTION = 400
"""Characters of a question in the index."""

TOTALS = """
select count(*), min(job_day), max(job_day)
from analytics.job_status
where job_day between %(first_day)s and %(last_day)s
"""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Browse:
    """A folder that was written; its size is that of all files."""

    folder: Place
    jobs: int
    size_bytes: int


class _Numbers:
    """Numbers for texts that many jobs share, in the order in which they turn up."""

    def __init__(self) -> None:
        self.of: dict[Any, int] = {}

    def __call__(self, value: Any) -> int:  # noqa: ANN401  a text, or numbers of texts
        return self.of.setdefault(value, len(self.of))


def default_folder(root: Place) -> Place:
    """Return the folder that nobody named: beside the reports, which link into it."""
    return root / "reports" / Path(BROWSE).parent


def write_browse(
    url: str,
    folder: Place,
    window: Window | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Browse:
    """Write an index of the jobs of some days, None for all, and a page for each.

    At most `JOBS_AT_ONCE` jobs are in memory, whatever their number.

    Args:
        folder: Replaced as a whole when everything is written.
        progress: Called with jobs written and all jobs.

    Raises:
        ForeignFolderError: The folder holds something that was not written by this.
    """
    days = EVERYTHING if window is None else window
    with written_folder(url, folder, MARKER) as new, snapshot(url, "browse") as connection:
        (new / PAGES).mkdir()
        index = _Index(connection, days, new / PAGES, progress)
        report = folder.parent / "report.html"
        page = {
            "title": "Browse jobs and questions",
            "index": index,
            "report": f"../{report.name}" if report.exists() else None,
        }
        with (new / INDEX).open("w", encoding="utf-8") as file:
            for part in page_parts("browse.html.j2", {**page, **index.head}, TEMPLATES):
                file.write(part)
        (new / MARKER).write_text(json.dumps({"jobs": index.written}) + "\n", encoding="utf-8")
        size = folder_size(new)
    return Browse(folder, index.written, size)


class _Index:
    """What the template writes, read while it writes: blocks of jobs, then their words."""

    def __init__(
        self, connection: Connection, days: Window, pages: Path, progress: Progress
    ) -> None:
        self._connection, self._days, self._pages, self._progress = (
            connection,
            days,
            pages,
            progress,
        )
        self._questions = read_questions(connection)
        self._number = {name: _Numbers() for name in ("questions", "models", "regions", "cells")}
        self._outcomes, self._workflows = _Numbers(), _Numbers()
        self.written = 0
        ((self._jobs, first, last),) = connection.execute(TOTALS, bounds(days)).fetchall()
        self.head = {
            "provenance": read_provenance(connection, days),
            "jobs": self._jobs,
            "first_day": first,
            "last_day": last,
            "minimum": MIN_ANSWERS,
            "profile": read_profile(connection, Period("all", EVERYTHING.start, EVERYTHING.end)),
            "reliability": read_reliability(connection),
            "months": read_months(connection),
            "variants": read_variants(connection, EVERYTHING),
        }

    def blocks(self) -> Iterator[Markup]:
        """Yield the jobs as JSON, some at a time, and write the page of each."""
        with self._connection.cursor("jobs", row_factory=dict_row) as cursor:
            cursor.execute(read_sql("deliver/browse/jobs.sql"), bounds(self._days))
            while rows := cursor.fetchmany(JOBS_AT_ONCE):
                yield _json([self._job(row) for row in rows])
                self._progress(self.written, self._jobs)

    def _job(self, row: Row) -> list[Any]:
        self._write_page(row["job_id"])
        self.written += 1
        questions, models, regions, cells = self._number.values()
        found = [
            (cells((questions(question), models(model), regions(region))), self._outcomes(state))
            for question, model, region, state in row["cells"]
        ]
        return [
            visible(row["job_id"]),
            page_name(row["job_id"]),
            visible(row["job_name"] or ""),
            row["job_day"].isoformat(),
            self._workflows(row["workflow"]),
            row["analysis_state"],
            row["verdict"],
            row["refusal_gap"],
            row["answered"],
            row["expected"],
            visible(row["explanation"]),
            sorted({questions(one) for one in row["questions"]}),
            sorted({models(one) for one in row["models"]}),
            sorted({regions(one) for one in row["regions"]}),
            [number for cell in found for number in cell],
        ]

    def _write_page(self, job_id: str) -> None:
        data = read_job_page(self._connection, job_id, self._questions)
        assert data is not None, "the job is of the same snapshot"  # noqa: S101
        page = {**job_page(data), "browse": f"../{INDEX}"}
        path = self._pages / page_name(job_id)
        path.write_text(page_html("job.html.j2", page), encoding="utf-8")

    def words(self) -> Markup:
        """Return what the numbers and codes in the blocks mean, as JSON; asked for after them."""
        questions, models, regions, cells = (number.of for number in self._number.values())
        return _json(
            {
                "questions": [self._question(one) for one in questions],
                "models": [visible(one) for one in models],
                "regions": [visible(one) for one in regions],
                "region_order": sorted(regions.values(), key=_by_name(regions)),
                "cells": list(cells),
                "outcomes": [
                    [one, ANSWER_STATES.get(one, in_words(one))] for one in self._outcomes.of
                ],
                "workflows": [in_words(one) for one in self._workflows.of],
                "states": ANALYSIS_STATES,
                "verdicts": VERDICTS,
                "minimum": MIN_ANSWERS,
            }
        )

    def _question(self, question_id: str) -> list[Any]:
        known: Mapping[str, Any] = self._questions.get(question_id) or {}
        text = known.get("question_text") or ""
        return [
            visible(question_id),
            visible(beginning(text, LONGEST_QUESTION)) if text else "",
            in_words(known["category"]) if known.get("category") else "",
            known.get("wordings") or 0,
        ]


def _by_name(regions: Mapping[str, int]) -> Callable[[int], tuple[int, str]]:
    names = list(regions)
    return lambda number: region_order(names[number])


def _json(document: object) -> Markup:
    # Within a script element nothing is escaped but its end; without "<" there is none.
    text = json.dumps(document, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704
