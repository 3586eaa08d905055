"""What an operator sees in Dagster's UI after a run, in a real Chromium."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.driver import open_browser, serve_dagster
from tests.pipeline import Pipeline

GROUPS = ("extract", "unify", "score", "analyse", "portal")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as started:
        yield started


@pytest.fixture(scope="module")
def dagster_ui(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    environment = {**os.environ, "DAGSTER_HOME": str(pipeline.home / "dagster")}
    log: Path = tmp_path_factory.mktemp("ui") / "webserver.log"
    with serve_dagster(environment, log) as address:
        yield address


def test_the_lineage_page_shows_every_asset_group(dagster_ui: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{dagster_ui}/asset-groups")
    for group in GROUPS:
        expect(page.get_by_text(group, exact=True).last).to_be_visible(timeout=60_000)


def test_the_runs_page_shows_the_finished_runs(
    pipeline: Pipeline, dagster_ui: str, browser: Browser
) -> None:
    page = browser.new_page()
    page.goto(f"{dagster_ui}/runs")
    for run_id in pipeline.run_ids:
        expect(page.get_by_text(run_id[:8]).first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Success").first).to_be_visible()


def test_an_assets_page_shows_that_its_checks_passed(dagster_ui: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{dagster_ui}/assets/intermediate/int_executions__resolved?view=checks")
    expect(page.get_by_text("Passed").first).to_be_visible(timeout=60_000)
