"""Makes the README's pictures from the demo's present state. Run `make demo` first.

python scripts/make_pictures.py
"""

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
from playwright.sync_api import Browser, Page, ViewportSize, expect
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.terminal_theme import MONOKAI
from rich.text import Text

from dagster_project.definitions import defs
from dagster_project.embedded_postgres.server import databases
from dagster_project.orchestrate.instance import dagster_instance
from dagster_project.paths import PROJECT_DIR
from dagster_project.postgres import read_sql, sql_files
from dagster_project.settings import Settings

sys.path.insert(0, str(PROJECT_DIR))
from scripts.queries import PICTURES, digest
from tests.browser.driver import open_browser, serve_dagster

IMAGES = PROJECT_DIR / "docs" / "images"
GRAPH_SIZE = ViewportSize(width=1600, height=900)
REPORT_SIZE = ViewportSize(width=1280, height=1100)
STATUS_WAIT_MS = 10_000
COLUMNS = 80
WIDE_COLUMNS, MOST_COLUMNS, SHOWN_ROWS, SHOWN_RECORDS, SHOWN_CHARACTERS = 150, 8, 6, 3, 60
WEB_FONT = re.compile(r"@font-face \{.*?\}", re.DOTALL)
FULLEST_JOB = """
    select job_id from analytics.fct_job_bias_metrics
    where workflow = 'standard' and refusals > 0 and cross_region_divergence is not null
    order by scored_answers desc, job_id limit 1
"""


def main() -> None:
    """Write one file per picture to ``docs/images``."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with databases(Settings()) as urls, psycopg.connect(urls.warehouse) as connection:
        row = connection.execute(FULLEST_JOB).fetchone()
        if row is None:
            message = "The demo is too small for the pictures: run `make demo`."
            raise SystemExit(message)
        command_line(str(row[0]))
        query_results(connection)
        with open_browser() as browser:
            report(browser)
            asset_graph(browser)


def command_line(job_id: str) -> None:
    """Draw what ``beacon job`` prints, as text that can be selected.

    Args:
        job_id: A job with many metrics.
    """
    printed = _beacon("job", job_id, FORCE_COLOR="1", COLUMNS=str(COLUMNS))
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(f"$ beacon job {job_id}\n{printed}"))
    _draw(console, "beacon", IMAGES / "command_line.svg")


def query_results(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Draw the first rows of each analysts' query.

    Args:
        connection: To the demo's warehouse.
    """
    folder = IMAGES.parent / PICTURES
    folder.mkdir(exist_ok=True)
    for path in sql_files("analyst"):
        found = connection.execute(read_sql(path))
        names = [column.name for column in found.description or ()]
        shown = found.fetchmany(SHOWN_ROWS if len(names) <= MOST_COLUMNS else SHOWN_RECORDS)
        result = _table(names, [[_cell(value) for value in row] for row in shown])
        console = Console(record=True, width=WIDE_COLUMNS, file=io.StringIO())
        console.width = Measurement.get(console, console.options, result).maximum
        console.print(result)
        title = f"{len(shown)} of {found.rowcount:,} rows - synthetic demo - query {digest(path)}"
        _draw(console, title, folder / f"{path.stem}.svg")


def _table(names: list[str], rows: list[list[str]]) -> Table:
    """Lay out a result; with many columns, each row stands as a column."""
    if len(names) > MOST_COLUMNS:
        rows = [list(line) for line in zip(names, *rows, strict=True)]
        names = ["column", *(f"row {number}" for number in range(1, len(rows[0])))]
    result = Table(*names)
    for row in rows:
        result.add_row(*row)
    return result


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _draw(console: Console, title: str, file: Path) -> None:
    drawing = console.export_svg(title=title, theme=MONOKAI, unique_id=f"beacon-{file.stem}")
    # A picture asks no other host for a font.
    file.write_text(WEB_FONT.sub("", drawing), encoding="utf-8")


def report(browser: Browser) -> None:
    """Take the first screen of the report.

    Args:
        browser: The browser.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        _beacon("report", "--output", str(path))
        page = browser.new_page(viewport=REPORT_SIZE)
        page.goto(path.as_uri())
        page.screenshot(path=IMAGES / "report.png")


def asset_graph(browser: Browser) -> None:
    """Take the lineage page of Dagster.

    Args:
        browser: The browser.
    """
    settings = Settings()
    environment = {**os.environ, "DAGSTER_HOME": str(settings.instance_folder)}
    with (
        dagster_instance(settings),
        tempfile.TemporaryDirectory() as folder,
        serve_dagster(environment, Path(folder) / "webserver.log") as address,
    ):
        page = browser.new_page(viewport=GRAPH_SIZE)
        page.goto(f"{address}/asset-groups")
        _await_groups(page)
        page.screenshot(path=IMAGES / "asset_graph.png")


def _await_groups(page: Page) -> None:
    for group in {str(spec.group_name) for spec in defs.resolve_all_asset_specs()}:
        expect(page.get_by_text(group, exact=True).last).to_be_visible(timeout=60_000)
    # The counts of materialized partitions come a few seconds after the graph.
    page.wait_for_timeout(STATUS_WAIT_MS)


def _beacon(*arguments: str, **variables: str) -> str:
    finished = subprocess.run(
        [str(Path(sys.executable).with_name("beacon")), *arguments],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return finished.stdout


if __name__ == "__main__":
    main()
