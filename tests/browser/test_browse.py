"""The folder of `beacon browse` as people use it: by keyboard, on a phone, with hostile texts."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from dagster_project.console import visible
from dagster_project.deliver.browse.make import INDEX, PAGES, write_browse
from dagster_project.deliver.report.make import page_name, write_overview
from dagster_project.embedded_postgres.server import EmbeddedServer
from tests.browser.driver import barriers, tab_to
from tests.browser.test_report import LOOKS
from tests.conftest import copy_database, drop_database
from tests.pipeline import WAREHOUSE, Pipeline
from tests.report import HOSTILE

BY_THE_SOURCE = """
    select question_id, model_id, region, refused, scored
    from analytics.question_outcomes
    where period_kind = 'all' and region_basis = 'actual' and scored > 0
"""
VIEWS = ("Jobs", "Questions", "Regions and time")
CELL = re.compile(r"(.+), (.+), (.+): (\d+) of (\d+) refused")


@pytest.fixture(scope="module")
def folder(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("reports") / "browse"
    write_browse(pipeline.databases.warehouse, made)
    return made


@pytest.fixture(scope="module")
def hostile(
    pipeline: Pipeline, postgres_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A folder in which ids, names, reasons and questions are hostile texts."""
    name = "hostile_warehouse"
    copy_database(postgres_server, WAREHOUSE, name)
    with psycopg.connect(postgres_server.url(name)) as connection:
        ids = [
            row[0]
            for row in connection.execute(
                "select job_id from analytics.job_status order by job_day desc, job_id"
            )
        ]
        for old, text in zip(ids, _storable(), strict=False):
            values = {"old": old, "text": text}
            connection.execute(
                "update intermediate.int_jobs__requested set job_name = %(text)s"
                " where job_id = %(old)s",
                values,
            )
            connection.execute(
                "update analytics.job_status set explanation = %(text)s,"
                " analysis_state = 'pending' where job_id = %(old)s",
                values,
            )
        connection.execute("delete from raw.jobs where jobspec_id = %s", (ids[-1],))
        connection.execute(
            "update intermediate.int_questions__daily set question_text = %s", (_storable()[0],)
        )
        connection.execute(
            "update intermediate.int_providers__daily set provider_id = %s", (_storable()[0],)
        )
    made = tmp_path_factory.mktemp("hostile") / "browse"
    write_browse(postgres_server.url(name), made)
    yield made
    drop_database(postgres_server, name)


def _storable() -> list[str]:
    # Postgres takes neither zero characters nor lone surrogates.
    return [
        text.replace("\x00", "").encode(errors="ignore").decode()[:1_000]
        for text in HOSTILE.values()
    ]


@contextmanager
def _opened(browser: Browser, path: Path, width: int = 1280) -> Iterator[Page]:
    """Open a page of the folder; nothing may be asked for, complained about or opened."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    seen: list[str] = []
    page.on("dialog", lambda dialog: seen.append(f"dialog {dialog.message}"))
    page.on("console", lambda message: seen.append(f"console {message.text}"))
    page.on("pageerror", lambda error: seen.append(f"error {error}"))
    page.on("popup", lambda _: seen.append("popup"))
    page.on("request", lambda request: seen.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()
    own = path.parent.as_uri()
    assert [one for one in seen if not one.startswith(own) and one != "data:,"] == []


def _lines(page: Page) -> Locator:
    return page.locator(".jobs tbody tr")


def test_every_job_is_found_and_has_its_page(
    browser: Browser, folder: Path, pipeline: Pipeline
) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        ids = {row[0] for row in connection.execute("select job_id from analytics.job_status")}
    assert {page_name(one) for one in ids} == {one.name for one in (folder / PAGES).iterdir()}
    with _opened(browser, folder / INDEX) as page:
        while page.locator("#more").is_visible():
            page.locator("#more").click()
        assert set(page.locator(".jobs tbody a").all_inner_texts()) == ids


def test_the_matrix_counts_what_the_warehouse_counts(
    browser: Browser, folder: Path, pipeline: Pipeline
) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        counted = {
            (question, model, region): (refused, scored)
            for question, model, region, refused, scored in connection.execute(BY_THE_SOURCE)
        }
    with _opened(browser, folder / INDEX) as page:
        page.get_by_role("tab", name="Questions").click()
        labels = page.locator(".matrix button").evaluate_all(
            "all => all.map(one => one.getAttribute('aria-label'))"
        )
    shown = {}
    for label in labels:
        found = CELL.match(label)
        assert found is not None, label
        *place, refused, scored = found.groups()
        if int(scored):
            shown[tuple(place)] = (int(refused), int(scored))
    assert shown == counted


def test_a_job_is_found_and_opened_by_keyboard_alone(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / INDEX) as page:
        job_id = _lines(page).last.locator("a").inner_text()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#filters"
        page.keyboard.press("Enter")
        tab_to(page, "#text")
        page.keyboard.type(job_id)
        expect(_lines(page)).to_have_count(1)
        tab_to(page, ".jobs tbody a")
        page.keyboard.press("Enter")
        expect(page.locator(".subtitle")).to_have_text(job_id)
        tab_to(page, ".browse a")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Browse jobs and questions")


def test_a_filter_narrows_by_keyboard_alone(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / INDEX) as page:
        tab_to(page, "#workflow")
        page.keyboard.type("standard")
        expect(page.locator("#found")).to_contain_text(" of ")
        assert set(_lines(page).locator("td:nth-child(4)").all_inner_texts()) == {"standard"}


def test_arrows_reach_a_cell_and_enter_shows_its_jobs(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / INDEX) as page:
        tab_to(page, "#tab-jobs")
        page.keyboard.press("ArrowRight")
        tab_to(page, ".matrix button")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        label = page.evaluate("document.activeElement.getAttribute('aria-label')")
        found = CELL.match(label)
        assert found is not None
        page.keyboard.press("Enter")
        expect(page.locator("#cell")).to_contain_text(", ".join(found.groups()[:3]))
        answers = _lines(page).locator(".answer").all_inner_texts()
        assert "" not in answers
        assert sum(one.count("Refused") for one in answers) >= int(found.group(4))
        tab_to(page, ".jobs tbody a")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("One job, region by region")


def test_filters_narrow_each_other_and_can_be_cleared(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / INDEX) as page:
        everything = page.locator("#found").inner_text()
        page.get_by_label("Workflow").select_option("standard")
        page.get_by_label("Analysis").select_option("analysed")
        expect(page.locator("#found")).to_contain_text(" of ")
        assert set(_lines(page).locator("td:nth-child(4)").all_inner_texts()) == {"standard"}
        page.get_by_role("button", name="Clear all").click()
        expect(page.locator("#found")).to_have_text(everything)


@pytest.mark.parametrize("width", [390, 820, 1280, 1920])
def test_every_view_fits_the_screen(browser: Browser, folder: Path, width: int) -> None:
    with _opened(browser, folder / INDEX, width) as page:
        for tab in VIEWS:
            page.get_by_role("tab", name=tab).click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_nothing_keeps_people_from_reading_any_view(
    browser: Browser, folder: Path, width: int, scheme: str
) -> None:
    with _opened(browser, folder / INDEX, width) as page:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for tab in VIEWS:
            page.get_by_role("tab", name=tab).click()
            assert barriers(page) == []


def test_every_page_of_synthetic_data_says_so(folder: Path) -> None:
    for path in folder.rglob("*.html"):
        assert '<p class="origin">' in path.read_text(encoding="utf-8"), path


def test_the_report_leads_to_the_pages_of_its_jobs_and_to_all_of_them(
    browser: Browser, folder: Path, pipeline: Pipeline
) -> None:
    report = folder.with_name("report.html")
    write_overview(pipeline.databases.warehouse, report)
    with _opened(browser, report) as page:
        link = page.locator("#jobs ~ .scroll a").first
        job_id = link.inner_text()
        link.press("Enter")
        expect(page.locator(".subtitle")).to_have_text(job_id)
        page.locator(".browse a").press("Enter")
        expect(page.locator("h1")).to_have_text("Browse jobs and questions")


def test_regions_and_months_are_those_of_the_portal(
    browser: Browser, folder: Path, pipeline: Pipeline
) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        jobs = connection.execute(
            "select payload ->> 'jobs' from portal.job_trends"
            " where period_kind = 'month' order by period_start"
        ).fetchall()
        regions = connection.execute("select region from portal.provider_reliability").fetchall()
    with _opened(browser, folder / INDEX) as page:
        page.get_by_role("tab", name="Regions and time").click()
        assert page.locator("#filters").is_hidden()
        tables = page.locator("#regions table")
        assert tables.nth(3).locator("td:nth-child(2)").all_inner_texts() == [
            f"{int(one):,}" for (one,) in jobs
        ]
        asked = tables.nth(1).locator("tbody th").all_inner_texts()
        assert sorted(asked) == sorted(region for (region,) in regions)


def test_hostile_texts_are_shown_as_they_were_written(browser: Browser, hostile: Path) -> None:
    texts = _storable()
    with _opened(browser, hostile / INDEX) as page:
        while page.locator("#more").is_visible():
            page.locator("#more").click()
        shown = page.locator(".jobs tbody small").evaluate_all(
            "all => all.map(one => one.textContent)"
        )
        for text in texts:
            assert {visible(text), visible(text[:200])} <= set(shown)
        page.get_by_role("tab", name="Questions").click()
        assert page.locator(".matrix bdi").get_by_text(visible(texts[0])).count() > 0
        page.get_by_role("tab", name="Regions and time").click()
        assert page.locator("#regions bdi").get_by_text(visible(texts[0])).count() > 0
        assert page.title() == "Browse jobs and questions"
        brought = page.locator(
            "img, iframe, object, svg, math, form#owned, #owned, base, main style"
        )
        assert brought.count() == 0


def test_the_index_allows_its_own_script_only(folder: Path) -> None:
    html = (folder / INDEX).read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "default-src &#39;none&#39;; script-src &#39;sha256-" in policy.group(1)
    assert "unsafe" not in policy.group(1)
    blocks = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html)
    assert sum(len(json.loads(one)) for one in blocks[:-1]) > 50


def test_the_page_of_a_run_without_a_spec_says_that_its_data_is_synthetic(
    hostile: Path, pipeline: Pipeline
) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        found = connection.execute(
            "select job_id from analytics.job_status order by job_day desc, job_id"
        ).fetchall()
    (job_id,) = found[-1]
    html = (hostile / PAGES / page_name(job_id)).read_text(encoding="utf-8")
    assert '<p class="origin">' in html
