"""Makes the README's pictures from the demo's present state. Run `make demo` first.

python scripts/make_pictures.py
"""

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect

from dagster_project.instance import prepare_dagster_home
from dagster_project.paths import PROJECT_DIR
from dagster_project.settings import Settings

sys.path.insert(0, str(PROJECT_DIR))
from tests.browser.driver import open_browser, serve_dagster

IMAGES = PROJECT_DIR / "docs" / "images"
SIZE = {"width": 1600, "height": 900}
STATUS_WAIT_MS = 10_000
GROUPS = ("extract", "unify", "score", "analyse", "portal")


def main() -> None:
    """Write one file per picture to ``docs/images``."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    home = prepare_dagster_home(Settings().home)
    environment = {**os.environ, "DAGSTER_HOME": str(home)}
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_dagster(environment, Path(folder) / "webserver.log") as address,
        open_browser() as browser,
    ):
        page = browser.new_page(viewport=SIZE)
        page.goto(f"{address}/asset-groups")
        _await_groups(page)
        page.screenshot(path=IMAGES / "asset_graph.png")


def _await_groups(page: Page) -> None:
    for group in GROUPS:
        expect(page.get_by_text(group, exact=True).last).to_be_visible(timeout=60_000)
    # The counts of materialized partitions come a few seconds after the graph.
    page.wait_for_timeout(STATUS_WAIT_MS)


if __name__ == "__main__":
    main()
