"""The documentation: it builds without a network, and its links lead somewhere."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dagster_project.paths import PROJECT_DIR

FILE = re.compile(
    r"`((?:benchmarks|dagster_project|dbt|deploy|docs|notebooks|scripts|sql|tests)/[\w./*-]+)`"
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src"}
BIN = Path(sys.executable).parent


class _Loads(HTMLParser):
    """Collects what a browser would load from another host to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elsewhere: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(LOADED.get(tag, ""))
        if address and urlsplit(address).netloc:
            self.elsewhere.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [str(BIN / "mkdocs"), "build", "--strict", "--site-dir", str(folder)],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(list((PROJECT_DIR / "docs" / "decisions").glob("*.md")))
    for page in pages:
        loads = _Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert loads.elsewhere == [], page


def test_no_style_sheet_loads_anything_from_another_host(site: Path) -> None:
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert re.findall(r"(?:url\(|@import\s+)[\"']?(?:https?:)?//", text) == [], sheet


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_every_link_of_a_page_outside_the_site_leads_somewhere(name: str) -> None:
    links = LINK.findall((PROJECT_DIR / name).read_text(encoding="utf-8"))
    missing = [
        link
        for link in links
        if not urlsplit(link).scheme and not (PROJECT_DIR / link.partition("#")[0]).exists()
    ]
    assert missing == []


def test_every_file_of_the_repository_that_a_page_names_is_there() -> None:
    missing = [
        (page.name, name)
        for page in (PROJECT_DIR / "README.md", *(PROJECT_DIR / "docs").rglob("*.md"))
        for name in FILE.findall(page.read_text(encoding="utf-8"))
        if not any(PROJECT_DIR.glob(name))
    ]
    assert missing == []
