"""One browser for all browser tests."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.driver import open_browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with open_browser() as started:
        yield started
