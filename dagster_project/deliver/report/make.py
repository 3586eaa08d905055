"""Makes report files: reads one snapshot, fills a template, replaces the file.

Why a page is inert: every value is escaped, the charts are drawings, and the page's own policy
forbids scripts, loads and any style but its own (docs/decisions/0040-a-report-without-scripts.md).
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dagster_project.console import visible
from dagster_project.deliver.one_job import snapshot
from dagster_project.deliver.report import wording
from dagster_project.deliver.report.job_page import job_page
from dagster_project.deliver.report.overview import overview_page
from dagster_project.deliver.report.read import read_job_page, read_overview
from dagster_project.outputs import Place, names_in, written_file
from dagster_project.partitions import Window

BROWSE, JOB_PAGES = "browse/index.html", "browse/jobs"
"""What `beacon browse` writes, seen from the folder of the reports."""
TEMPLATES = Path(__file__).with_name("templates")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAYS = rf"(_from)?_{_DAY.pattern}(_{_DAY.pattern})?"
_NAME = re.compile(rf"\.?(report({_DAYS})?|job_[\w.-]+)\.html(\.\d+)?")
_HEAD_BYTES = 4_000
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Report:
    """A report that was written, and the number of jobs that it is about."""

    path: Place
    size_bytes: int
    jobs: int


class UnknownJobError(LookupError):
    """The warehouse does not hold the job."""


def default_path(root: Place, window: Window | None = None, job_id: str | None = None) -> Place:
    """Return where a report goes that nobody named a file for.

    A file below ``reports`` of the folder of the outputs; the same days or job have the same file.
    """
    name = "report"
    if job_id is not None:
        name = f"job_{_UNSAFE.sub('_', job_id)[:100]}"
    elif window is not None:
        name = f"report_{_days(window)}"
    return root / "reports" / f"{name}.html"


def _days(window: Window) -> str:
    if window.end == date.max:
        return f"from_{window.start}"
    last = window.end - timedelta(days=1)
    return f"{window.start}" if last == window.start else f"{window.start}_{last}"


def covers(path: Place, day: date) -> bool:
    """Tell whether a report of `default_path` is about a day, among others; not of one job."""
    if not path.name.startswith("report"):
        return False
    first, last = (*map(date.fromisoformat, _DAY.findall(path.name)), None, None)[:2]
    if first is None or "_from_" in path.name:
        return first is None or day >= first
    return first <= day <= (last or first)


def reports_in(root: Place) -> list[Place]:
    """Return the reports that stand where those go that nobody named a file for.

    Only files with the name and the head of one of ours; those that a killed process left, too.
    """
    return [
        path
        for path in sorted((root / "reports").glob("*"))
        if _NAME.fullmatch(path.name)
        and path.is_file()
        and not path.is_symlink()
        and _is_ours(path)
    ]


def _is_ours(path: Place) -> bool:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return b"Content-Security-Policy" in head and b"style-src &#39;sha256-" in head


def write_overview(url: str, path: Place, window: Window | None = None) -> Report:
    """Write the report about the jobs of some days; None for all."""
    with snapshot(url, "report") as connection:
        data = read_overview(connection, window)
    told = {one["job_id"] for one in (*data.jobs, *data.telling)}
    page = {**overview_page(data), "browse": _beside(path), "job_pages": _job_pages(path, told)}
    size = _replace(path, page_html("overview.html.j2", page))
    return Report(path, size, data.totals["jobs"])


def write_job(url: str, path: Place, job_id: str) -> Report:
    """Write the report about one job.

    Raises:
        UnknownJobError: There is no such job; no file was touched.
    """
    with snapshot(url, "report") as connection:
        data = read_job_page(connection, job_id)
    if data is None:
        raise UnknownJobError(job_id)
    return Report(path, _replace(path, page_html("job.html.j2", job_page(data))), jobs=1)


def _beside(path: Place) -> str | None:
    """Return where a report finds what `beacon browse` wrote beside it; None when it did not."""
    return BROWSE if (path.parent / BROWSE).exists() else None


def page_name(job_id: str) -> str:
    """Return the file of a job's page; an id may hold anything, a name of ours does not."""
    return f"{sha256(job_id.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}.html"


def _job_pages(path: Place, job_ids: Iterable[str]) -> dict[str, str]:
    """Return where a report finds the pages of jobs that `beacon browse` wrote beside it."""
    there = names_in(path.parent / JOB_PAGES)
    names = {one: page_name(one) for one in job_ids}
    return {one: f"{JOB_PAGES}/{name}" for one, name in names.items() if name in there}


def page_html(template: str, page: Mapping[str, Any]) -> str:
    """Return a page as a complete HTML document; its values may hold any text."""
    return "".join(page_parts(template, page))


def page_parts(template: str, page: Mapping[str, Any], own: Path | None = None) -> Iterator[str]:
    """Yield a page in pieces, for one that is larger than memory; its values may hold any text.

    Args:
        own: Folder with a template, style.css and the one script.js that the page may run.
    """
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    script = ""
    if own is not None:
        style += (own / "style.css").read_text(encoding="utf-8")
        script = (own / "script.js").read_text(encoding="utf-8")
    values = {"style": style, "script": script, "policy": _policy(style, script)}
    found = _environment(TEMPLATES if own is None else own).get_template(template)
    yield from found.generate({"browse": None, "job_pages": {}, **page, **values})


@cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        autoescape=True,
        finalize=_made_visible,
        loader=FileSystemLoader([folder, TEMPLATES]),
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    words = {name: value for name, value in vars(wording).items() if not name.startswith("_")}
    environment.globals.update(words)
    return environment


def _policy(style: str, script: str) -> str:
    allowed = f"style-src {_hash(style)}"
    if script:
        allowed = f"script-src {_hash(script)}; {allowed}"
    return f"default-src 'none'; {allowed}; img-src data:; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _made_visible(value: object) -> object:
    # Markup is the page's own; everything else may come from a model.
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _replace(path: Place, html: str) -> int:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    content = html.encode()
    try:
        with written_file(path) as unfinished:
            unfinished.write_bytes(content)
    except BaseException as error:
        error.add_note(f"({path} needs {len(content) / 1000:,.0f} kB)")
        raise
    return len(content)
