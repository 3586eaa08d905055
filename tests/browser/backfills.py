"""Backfills of all assets, driven in the browser; minutes of waiting for the daemon."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_launches import ALL_ASSETS, PAGE_MS, Workplace, launch, page, workplace

__all__ = ["page", "workplace"]

BACKFILL_MS = 900_000
TABLES = ("raw/jobs", "intermediate/int_executions__resolved", "analytics/job_verdicts")


@pytest.mark.parametrize(
    ("apart", "done"), [(1, 2), (2, 3)], ids=["a single run", "a run for each day"]
)
def test_a_backfill_of_all_assets_ends_complete_and_shows_each_day_for_itself(
    workplace: Workplace, page: Page, apart: int, done: int
) -> None:
    """Dagster takes days side by side in one run, and days apart in runs of their own."""
    bad = workplace.bad_day
    days = [bad, *(bad + timedelta(days=apart * number) for number in (1, 2))]
    launch(page, workplace, ",".join(day.isoformat() for day in days), what=ALL_ASSETS)
    page.goto(f"{workplace.address}/assets/{TABLES[-1]}?view=partitions")
    expect(page.get_by_text(f"Materialized ({done})")).to_be_visible(timeout=BACKFILL_MS)
    for table in TABLES:
        for day in days[1:]:
            page.goto(f"{workplace.address}/assets/{table}?view=partitions&partition={day}")
            row_count = page.get_by_text("dagster/partition_row_count").first
            expect(row_count).to_be_visible(timeout=PAGE_MS)
    page.goto(f"{workplace.address}/assets/{TABLES[0]}?view=partitions&partition={bad}")
    notice = page.get_by_text("failed, and did not materialize this asset")
    expect(notice).to_be_visible(timeout=PAGE_MS)
