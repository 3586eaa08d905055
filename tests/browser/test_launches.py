"""An operator works by clicking: one day, a range of days, and why a day is bad."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from psycopg import sql

from dagster_project.embedded_postgres.server import EmbeddedServer
from tests.browser.driver import quiet_page, serve_beacon_ui
from tests.conftest import copy_database
from tests.pipeline import Pipeline
from tests.sources import adopt

# The first launch waits for the daemon, which starts after the pages answer.
RUN_MS = 300_000
PAGE_MS = 60_000


@dataclass(frozen=True)
class Workplace:
    """A running ``beacon ui`` over databases of its own, in which one day cannot be stored."""

    address: str
    good_day: date
    bad_day: date


@pytest.fixture(scope="module")
def workplace(
    pipeline: Pipeline, postgres_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workplace]:
    for name in ("runner", "warehouse"):
        copy_database(postgres_server, f"pipeline_{name}", f"clicked_{name}")
    warehouse = postgres_server.url("clicked_warehouse")
    adopt(postgres_server.url("clicked_runner"), warehouse)
    good_day, bad_day = _days(warehouse)
    home = tmp_path_factory.mktemp("clicks")
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"},
        "BEACON_HOME": str(home),
        "BEACON_RUNNER_URL": postgres_server.url("clicked_runner"),
        "BEACON_WAREHOUSE_URL": warehouse,
    }
    log: Path = home / "ui.log"
    with serve_beacon_ui(environment, log) as address:
        yield Workplace(address, good_day, bad_day)


def _days(warehouse: str) -> tuple[date, date]:
    """Choose a day with jobs and poison the next such day: its rows, taken away, cannot return."""
    with psycopg.connect(warehouse) as connection:
        rows = connection.execute(
            "select distinct job_day from raw.jobs order by job_day limit 2"
        ).fetchall()
        (good_day,), (bad_day,) = rows
        connection.execute(
            sql.SQL(
                "alter table raw.jobs add constraint no_such_day check (job_day <> {}) not valid"
            ).format(sql.Literal(bad_day))
        )
        connection.execute("delete from raw.jobs where job_day = %s", (bad_day,))
    return good_day, bad_day


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with quiet_page(browser) as opened:
        yield opened


ONE_ASSET = ("assets/raw/jobs?view=partitions", "Materialize")
ALL_ASSETS = ("asset-groups", "Materialize all")


def launch(
    page: Page, workplace: Workplace, partitions: str, *, what: tuple[str, str] = ONE_ASSET
) -> None:
    """Fill the partitions dialog of a page as a person does, and launch."""
    place, button = what
    page.goto(f"{workplace.address}/{place}")
    page.get_by_role("button", name=button).first.click(timeout=PAGE_MS)
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Show all partitions").click(timeout=PAGE_MS)
    field = dialog.get_by_role("textbox").last
    field.fill(partitions)
    field.press("Enter")
    field.blur()
    dialog.get_by_role("button", name="Launch").click(timeout=PAGE_MS)
    expect(dialog).to_be_hidden(timeout=PAGE_MS)


def test_one_day_is_materialized_by_clicking(workplace: Workplace, page: Page) -> None:
    launch(page, workplace, workplace.good_day.isoformat())
    expect(page.get_by_text("Materialized (1)")).to_be_visible(timeout=RUN_MS)
    page.goto(f"{workplace.address}/assets/raw/jobs?view=partitions&partition={workplace.good_day}")
    expect(page.get_by_text("dagster/partition_row_count")).to_be_visible(timeout=PAGE_MS)


def test_a_range_is_backfilled_by_clicking_and_its_bad_day_says_why(
    workplace: Workplace, page: Page
) -> None:
    last = workplace.bad_day + timedelta(days=1)
    launch(page, workplace, f"[{workplace.good_day}...{last}]")
    expect(page.get_by_text("Failed (1)")).to_be_visible(timeout=RUN_MS)
    days = (last - workplace.good_day).days + 1
    expect(page.get_by_text(f"Materialized ({days - 1})")).to_be_visible(timeout=PAGE_MS)
    page.goto(f"{workplace.address}/assets/raw/jobs?view=partitions&partition={workplace.bad_day}")
    notice = page.get_by_text("failed, and did not materialize this asset")
    expect(notice).to_be_visible(timeout=PAGE_MS)
    notice.get_by_role("link").click()
    reason = page.get_by_text(f"{workplace.bad_day}: ").first
    expect(reason).to_contain_text("no_such_day", timeout=PAGE_MS)
