"""The report of the finished pipeline, as people see it: on a phone, at night, on paper."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page

from dagster_project.deliver.report.make import Report, write_job, write_overview
from tests.browser.driver import FOCUSED, barriers, tab_to
from tests.pipeline import Pipeline

WIDTHS = (360, 768, 1280)
LOOKS = [(1280, "light"), (390, "dark")]
LEAST_CONTRAST = 4.5
MAX_BYTES = 1_000_000
PAPER = 688
"""Width of an A4 page between the margins, in CSS pixels."""

CONTRASTS = """() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => channels(colour).slice(0, 3).map(one => one / 255)
    .map(one => one <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4)
    .reduce((sum, one, n) => sum + one * [.2126, .7152, .0722][n], 0);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (channels(colour).length === 3 || channels(colour)[3] === 1) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [...document.querySelectorAll('body *')].filter(
    one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  return texts.map(one => {
    const style = getComputedStyle(one);
    const ink = one.closest('svg') ? style.fill : style.color;
    const [high, low] = [light(ink), light(behind(one))].sort((a, b) => b - a);
    return [(high + .05) / (low + .05), one.localName, one.textContent.slice(0, 40)];
  });
}"""


@dataclasses.dataclass(frozen=True)
class Reports:
    """Files made from the finished pipeline."""

    overview: Report
    job: Report
    cross_region: Report


@pytest.fixture(scope="module")
def reports(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Reports:
    folder = tmp_path_factory.mktemp("reports")
    url = pipeline.databases.warehouse
    return Reports(
        write_overview(url, folder / "report.html"),
        write_job(url, folder / "job.html", _largest_job(url, "standard")),
        write_job(url, folder / "cross_region.html", _largest_job(url, "cross_region")),
    )


def _largest_job(url: str, workflow: str) -> str:
    statement = """
        select job_id from analytics.job_status
        where analysis_state = 'analysed' and workflow = %s order by answers desc, job_id limit 1
    """
    with psycopg.connect(url) as connection:
        found = connection.execute(statement, (workflow,)).fetchone()
    assert found is not None
    return str(found[0])


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Page]:
    """A page on which everything that a report asks for or complains about fails the test."""
    context = browser.new_context()
    page = context.new_page()
    seen: list[str] = []
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("request", lambda request: seen.append(request.url))
    yield page
    context.close()
    files = [one for one in seen if one.startswith("file:")]
    assert set(seen) - set(files) <= {"data:,"}
    assert len(set(files)) == 1


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("which", ["overview", "job"])
def test_a_report_fits_the_screen(
    open_page: Page, reports: Reports, which: str, width: int
) -> None:
    open_page.set_viewport_size({"width": width, "height": 800})
    open_page.goto(getattr(reports, which).path.as_uri())
    assert open_page.evaluate("document.documentElement.scrollWidth") <= width
    too_wide = f"all => all.filter(one => one.getBoundingClientRect().right > {width}).length"
    assert (
        open_page.locator("figure svg, .verdict, .facts div, .answer").evaluate_all(too_wide) == 0
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("which", ["overview", "job"])
def test_every_text_stands_out_from_what_is_behind_it(
    open_page: Page, reports: Reports, which: str, scheme: str
) -> None:
    open_page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_page.goto(getattr(reports, which).path.as_uri())
    faint = [one for one in open_page.evaluate(CONTRASTS) if one[0] < LEAST_CONTRAST]
    assert faint == []
    page_colour = open_page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (page_colour == "rgb(255, 255, 255)") == (scheme == "light")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("which", ["overview", "job", "cross_region"])
def test_nothing_keeps_people_from_reading_a_report(
    open_page: Page, reports: Reports, which: str, width: int, scheme: str
) -> None:
    open_page.set_viewport_size({"width": width, "height": 800})
    open_page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_page.goto(getattr(reports, which).path.as_uri())
    assert barriers(open_page) == []


@pytest.mark.parametrize("which", ["overview", "job"])
def test_links_of_a_report_lead_somewhere(open_page: Page, reports: Reports, which: str) -> None:
    open_page.goto(getattr(reports, which).path.as_uri())
    missing = "all => all.filter(one => !document.getElementById(one.hash.slice(1))).length"
    assert open_page.locator("a").evaluate_all(missing) == 0
    ids = open_page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))


def test_a_report_is_read_by_keyboard_alone(open_page: Page, reports: Reports) -> None:
    open_page.goto(reports.overview.path.as_uri())
    open_page.keyboard.press("Tab")
    assert open_page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    assert open_page.evaluate(FOCUSED)
    open_page.keyboard.press("Enter")
    while open_page.locator("details:not([open]) > summary").count():
        tab_to(open_page, "details:not([open]) > summary")
        open_page.keyboard.press("Enter")
    tab_to(open_page, "#jobs ~ .scroll")


def test_the_marks_of_differences_are_hidden_by_the_space_bar(
    open_page: Page, reports: Reports
) -> None:
    open_page.goto(reports.job.path.as_uri())
    marked = open_page.locator(".answers mark").first
    before = marked.evaluate("one => getComputedStyle(one).backgroundColor")
    tab_to(open_page, "#marks")
    open_page.keyboard.press("Space")
    assert marked.evaluate("one => getComputedStyle(one).backgroundColor") != before


def test_a_report_prints_in_light_colours_with_everything_unfolded(
    open_page: Page, reports: Reports, tmp_path: Path
) -> None:
    open_page.emulate_media(color_scheme="dark", media="print")
    open_page.goto(reports.job.path.as_uri())
    assert open_page.locator("nav").is_hidden()
    colour = open_page.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--page')"
    )
    assert colour.strip() == "#ffffff"
    printed = open_page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert printed.startswith(b"%PDF")


def test_no_table_is_wider_than_the_paper(open_page: Page, reports: Reports) -> None:
    open_page.emulate_media(media="print")
    open_page.set_viewport_size({"width": PAPER, "height": 1000})
    open_page.goto(reports.overview.path.as_uri())
    cut = f"all => all.filter(one => one.getBoundingClientRect().right > {PAPER}).length"
    assert open_page.locator("table").count() > 5
    assert open_page.locator("table").evaluate_all(cut) == 0


def test_reports_of_synthetic_data_say_so(open_page: Page, reports: Reports) -> None:
    open_page.goto(reports.overview.path.as_uri())
    assert open_page.locator(".origin").is_visible()


def test_reports_are_small(reports: Reports) -> None:
    assert reports.overview.size_bytes < MAX_BYTES
    assert reports.job.size_bytes < MAX_BYTES
