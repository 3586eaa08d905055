"""A real Chromium and a real Dagster webserver, for the browser tests and the README's pictures."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)

from dagster_project.paths import PROJECT_DIR

HOST = "127.0.0.1"
LOCAL_SCHEMES = ("data", "blob", "file", "about")
SIZE = ViewportSize(width=1600, height=1000)
START_TIMEOUT_S = 300
POLL_S = 0.2
NAMES = ("chromium", "chromium-browser", "google-chrome")
# Without these the browser looks for its maker's hosts at every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str:
    """Return the browser's program: BEACON_CHROMIUM, or the first known name on PATH.

    Raises:
        FileNotFoundError: There is none; a browser test fails then, it does not skip.
    """
    for name in (os.environ.get("BEACON_CHROMIUM", ""), *NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    message = "No Chromium. Run `make components`, or set BEACON_CHROMIUM."
    raise FileNotFoundError(message)


@contextmanager
def open_browser(*flags: str) -> Iterator[Browser]:
    """Start a headless Chromium, with further flags, and stop it at the end."""
    with sync_playwright() as playwright:
        program = find_chromium()
        browser = playwright.chromium.launch(executable_path=program, args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def quiet_page(browser: Browser) -> Iterator[Page]:
    """Open a page, without cookies, that may neither report an error nor ask another machine.

    Raises:
        AssertionError: At the end, when the console held an error or a request left 127.0.0.1.
    """
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"console: {message.text}")

    def see(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in LOCAL_SCHEMES and address.hostname != HOST:
            complaints.append(f"request: {request.url}")

    with closing(browser.new_page(viewport=SIZE)) as page:
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(f"page: {error}"))
        page.on("request", see)
        yield page
        assert complaints == []


def barriers(page: Page) -> list[str]:
    """Return what axe finds that keeps people from reading a page, and where."""
    return [
        f"{one['impact']} {one['id']}: {node['html']}"
        for one in Axe().run(page).response["violations"]
        for node in one["nodes"]
    ]


FOCUSED = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const drawn = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return drawn && box.width > 0 && box.right > 0 && box.bottom > 0 && box.top < innerHeight;
}"""


def tab_to(page: Page, selector: str, most: int = 300) -> None:
    """Press Tab until an element has the focus.

    Raises:
        AssertionError: No press reached it, or on the way one could not see where the focus is.
    """
    for _ in range(most):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED), page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    message = f"Tab does not reach {selector}"
    raise AssertionError(message)


@contextmanager
def serve_dagster(environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """Run ``dagster-webserver`` on the project's definitions; gives its address when it answers.

    The environment is all that the server gets, DAGSTER_HOME included; the log takes its output.
    """
    arguments = ("--host", HOST, "--port", "{port}", "--workspace", "workspace.yaml")
    program = [str(Path(sys.executable).with_name("dagster-webserver"))]
    with serve([*program, *arguments], environment, log, PROJECT_DIR) as address:
        yield address


@contextmanager
def serve_beacon_ui(
    environment: Mapping[str, str],
    log: Path,
    *,
    program: Sequence[str] = (str(Path(sys.executable).with_name("beacon")),),
    folder: Path = PROJECT_DIR,
    options: Sequence[str] = (),
) -> Iterator[str]:
    """Run ``beacon ui``, with the daemon that carries out launches; gives its address."""
    with serve([*program, "ui", "--port", "{port}", *options], environment, log, folder) as address:
        yield address


@contextmanager
def serve(
    command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path
) -> Iterator[str]:
    """Run a web server at a free ``{port}`` of its command; gives its address when it answers."""
    port = _free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            cwd=folder,
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _await_answer(port, process, log)
            yield f"http://{HOST}:{port}"
        finally:
            process.terminate()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_end(process: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=POLL_S)


def _await_answer(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with closing(HTTPConnection(HOST, port, timeout=5)) as connection:
                connection.request("GET", "/server_info")
                if connection.getresponse().status == HTTPStatus.OK:
                    return
        except OSError:
            _wait_for_end(process)
    raise RuntimeError(log.read_text(encoding="utf-8"))
