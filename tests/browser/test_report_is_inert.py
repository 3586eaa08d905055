"""Whatever a model answers, the report shows it as text: nothing runs, loads or breaks the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from dagster_project.console import visible
from tests.report import HOSTILE, job_answer, job_html

HARMLESS = {"words": "Some words. ", "many words": "Some words. " * 200}


@dataclass(frozen=True)
class Opened:
    """A report in a browser, and everything that it did beyond being shown."""

    page: Page
    seen: list[str]


@pytest.fixture(scope="module")
def hostile(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """A report in which every text that comes from outside is hostile."""
    return _opened(browser, _written(HOSTILE, tmp_path_factory.mktemp("hostile")))


@pytest.fixture(scope="module")
def harmless(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return _opened(browser, _written(HARMLESS, tmp_path_factory.mktemp("harmless")))


def _written(texts: Mapping[str, str], folder: Path) -> Path:
    answers = [
        job_answer(
            text,
            region=region,
            question=f"{what} {text[:200]}",
            model=text[:50],
            refusal_evidence=text[:200],
        )
        for what, text in texts.items()
        for region in ("US", "EU")
    ]
    path = folder / "report.html"
    path.write_bytes(job_html(answers, job_id=next(iter(texts.values()))).encode())
    return path


def _opened(browser: Browser, path: Path) -> Opened:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    seen: list[str] = []
    page.on("dialog", lambda dialog: seen.append(f"dialog {dialog.message}"))
    page.on("console", lambda message: seen.append(f"console {message.text}"))
    page.on("pageerror", lambda error: seen.append(f"error {error}"))
    page.on("popup", lambda _: seen.append("popup"))
    page.on("framenavigated", lambda frame: seen.append(f"frame {frame.url}"))
    page.on("request", lambda request: seen.append(f"request {request.url}"))
    page.goto(path.as_uri())
    own = {f"request {path.as_uri()}", f"frame {path.as_uri()}", "request data:,"}
    seen[:] = [one for one in seen if one not in own]
    return Opened(page, seen)


def test_a_hostile_report_asks_says_and_does_nothing(hostile: Opened) -> None:
    for name in ("mouseover", "focus", "click", "toggle"):
        fire = f"all => all.forEach(one => one.dispatchEvent(new Event('{name}')))"
        hostile.page.locator("body *").evaluate_all(fire)
    assert hostile.seen == []
    assert hostile.page.evaluate("document.designMode") == "off"
    assert hostile.page.title().startswith("One job")


def test_no_element_or_handler_comes_from_a_text(hostile: Opened, harmless: Opened) -> None:
    names = "[...new Set([...document.all].map(one => one.localName))].sort()"
    attributes = "[...new Set([...document.all].flatMap(one => one.getAttributeNames()))].sort()"
    for kinds in (names, attributes):
        assert hostile.page.evaluate(kinds) == harmless.page.evaluate(kinds)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_text_is_shown_as_it_was_written(hostile: Opened, what: str) -> None:
    exchange = hostile.page.locator(".exchange").nth(list(HOSTILE).index(what))
    stretches = exchange.locator(".answer").first.locator(".text").all_text_contents()
    folded = len(stretches) > 1
    shown = "".join([stretches[0].removesuffix("…" * folded), *stretches[1:]])
    assert shown == visible(HOSTILE[what])


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_text_makes_the_page_wider_than_the_screen(hostile: Opened, width: int) -> None:
    hostile.page.set_viewport_size({"width": width, "height": 740})
    hostile.page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    assert hostile.page.evaluate("document.documentElement.scrollWidth") <= width


def test_stacked_accents_are_painted_in_their_box_only(hostile: Opened) -> None:
    text = hostile.page.locator(".exchange", has_text="algo").locator(".text").first
    assert text.evaluate("one => getComputedStyle(one).contain") == "paint"


def test_the_page_itself_forbids_scripts_and_loads(hostile: Opened) -> None:
    policy = hostile.page.locator("meta[http-equiv='Content-Security-Policy']")
    told = policy.get_attribute("content") or ""
    assert told.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe-inline" not in told
