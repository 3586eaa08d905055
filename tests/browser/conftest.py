"""A browser for the browser tests."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.driver import open_browser


# No longer than a module: Playwright's event loop, while it is open, stops those of Dagster's runs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as started:
        yield started
