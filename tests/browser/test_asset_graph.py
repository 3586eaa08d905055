"""What an operator sees in Dagster's UI after a run, in a real Chromium."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dagster_project.definitions import defs
from tests.browser.driver import quiet_page, serve_dagster
from tests.pipeline import Pipeline

GROUPS = sorted({str(spec.group_name) for spec in defs.resolve_all_asset_specs()})
FIRST_PAGE_MS = 60_000


@pytest.fixture(scope="module")
def dagster_ui(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    environment = {**os.environ, "DAGSTER_HOME": str(pipeline.home / "dagster")}
    log: Path = tmp_path_factory.mktemp("ui") / "webserver.log"
    with serve_dagster(environment, log) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with quiet_page(browser) as opened:
        yield opened


def test_the_lineage_page_lists_the_groups_in_the_order_of_the_flow(
    dagster_ui: str, page: Page
) -> None:
    page.goto(f"{dagster_ui}/asset-groups")
    for group in GROUPS:
        expect(page.get_by_text(group, exact=True).first).to_be_visible(timeout=FIRST_PAGE_MS)
    tops = [
        box["y"]
        for group in GROUPS
        if (box := page.get_by_text(group, exact=True).first.bounding_box()) is not None
    ]
    assert tops == sorted(tops)


def test_the_runs_page_shows_the_finished_runs(
    pipeline: Pipeline, dagster_ui: str, page: Page
) -> None:
    page.goto(f"{dagster_ui}/runs")
    for run_id in pipeline.run_ids:
        expect(page.get_by_text(run_id[:8]).first).to_be_visible(timeout=FIRST_PAGE_MS)
    expect(page.get_by_text("Success").first).to_be_visible()


def test_the_timeline_shows_the_runs_of_the_command_line(dagster_ui: str, page: Page) -> None:
    page.goto(f"{dagster_ui}/overview/activity/timeline")
    for job in ("setup", "backfill"):
        line = page.locator(f"a[href='/locations/dagster_project.definitions/jobs/{job}']")
        expect(line).to_be_visible(timeout=FIRST_PAGE_MS)


def test_an_assets_page_shows_what_it_is_who_owns_it_and_its_columns(
    dagster_ui: str, page: Page
) -> None:
    page.goto(f"{dagster_ui}/assets/scores/answers?view=overview")
    expect(page.get_by_text("refusal_evidence", exact=True)).to_be_visible(timeout=FIRST_PAGE_MS)
    expect(page.get_by_text("Words that the strongest rule matched", exact=False)).to_be_visible()
    expect(page.get_by_text("analytics", exact=True).first).to_be_visible()


def test_an_assets_page_shows_what_its_checks_found(dagster_ui: str, page: Page) -> None:
    page.goto(f"{dagster_ui}/assets/intermediate/int_executions__resolved?view=checks")
    expect(page.get_by_text("Passed").first).to_be_visible(timeout=FIRST_PAGE_MS)
