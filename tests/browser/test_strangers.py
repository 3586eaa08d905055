"""A page of somebody else, open in the operator's browser beside ``beacon ui``, gets nowhere."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from dagster_project.embedded_postgres.server import EmbeddedServer, create_database
from tests.browser.driver import HOST, open_browser, serve_beacon_ui
from tests.command import beacon
from tests.faults.faults import until

STRANGER = "stranger.example"
PROXIED = "beacon.example"
SCHEDULE = (
    '{repositoryName: "__repository__", repositoryLocationName: "dagster_project.definitions", '
    'scheduleName: "nightly"}'
)
START = f"mutation {{ startSchedule(scheduleSelector: {SCHEDULE}) {{ __typename }} }}"
STOP = 'mutation { stopRunningSchedule(id: "%s") { __typename } }'
STATE = (
    f"{{ scheduleOrError(scheduleSelector: {SCHEDULE}) "
    "{ ... on Schedule { scheduleState { id status } } } }"
)
VERSION = "{ version }"

ATTACKS = {
    "image": "new Image().src = `${ui}/graphql?query=${start}`; await sleep(2000);",
    "get": "await fetch(`${ui}/graphql?query=${start}`, {mode: 'no-cors'});",
    "text": (
        "await fetch(`${ui}/graphql`, {method: 'POST', mode: 'no-cors', body: json,"
        " headers: {'Content-Type': 'text/plain'}});"
    ),
    "query": "await fetch(`${ui}/graphql?query=${start}`, {method: 'POST', mode: 'no-cors'});",
    "json": (
        "await fetch(`${ui}/graphql`, {method: 'POST', body: json,"
        " headers: {'Content-Type': 'application/json'}});"
    ),
    "form": """
        const frame = document.createElement('iframe'); frame.name = 'f';
        const form = document.createElement('form');
        form.target = 'f'; form.method = 'POST'; form.action = `${ui}/graphql?query=${start}`;
        document.body.append(frame, form); form.submit(); await sleep(2000);
    """,
}
SCRIPT = """
async ([ui, start, json]) => {
    const sleep = ms => new Promise(done => setTimeout(done, ms));
    try { %s } catch (error) { return String(error); }
    return 'sent';
}
"""
ASK = """
async ([ui, body]) => {
    const headers = {'Content-Type': 'application/json'};
    return (await fetch(`${ui}/graphql`, {method: 'POST', body, headers})).text();
}
"""
SOCKET = """
ui => new Promise(done => {
    const socket = new WebSocket(ui.replace('http', 'ws') + '/graphql', 'graphql-ws');
    socket.onopen = () => done('open');
    socket.onerror = () => done('refused');
})
"""


@dataclass(frozen=True)
class Served:
    """A running ``beacon ui``."""

    address: str
    home: Path

    @property
    def port(self) -> int:
        return int(urlsplit(self.address).port or 0)

    def ask(self, query: str, **headers: str) -> tuple[int, Any]:
        """Send GraphQL as a program does; returns status and answer."""
        body = json.dumps({"query": query})
        return self.send(
            "POST", "/graphql", body, **{"Content-Type": "application/json", **headers}
        )

    def send(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, Any]:
        connection = HTTPConnection(HOST, self.port, timeout=60)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        is_json = response.headers.get_content_type() == "application/json"
        return response.status, json.loads(text) if is_json else text

    def schedule(self) -> dict[str, str]:
        _, answer = self.ask(STATE)
        state: dict[str, str] = answer["data"]["scheduleOrError"]["scheduleState"]
        return state


@pytest.fixture(scope="module")
def ui(
    postgres_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    for name in ("stranger_runner", "stranger_warehouse"):
        create_database(postgres_server, name)
    home = tmp_path_factory.mktemp("strangers")
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"},
        "BEACON_HOME": str(home),
        "BEACON_RUNNER_URL": postgres_server.url("stranger_runner"),
        "BEACON_WAREHOUSE_URL": postgres_server.url("stranger_warehouse"),
    }
    options = ("--allowed-host", PROXIED)
    with serve_beacon_ui(environment, home / "ui.log", options=options) as address:
        served = Served(address, home)
        served.ask(STOP % served.schedule()["id"])
        yield served


@pytest.fixture(scope="module")
def strange_site() -> Iterator[int]:
    """The port of a stranger's server, which has one empty page."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>A page</title><body>")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def strangers_browser() -> Iterator[Browser]:
    rules = f"MAP {STRANGER} {HOST},MAP {PROXIED} {HOST}"
    with open_browser(f"--host-resolver-rules={rules}") as started:
        yield started


@pytest.fixture(params=[HOST, "localhost", STRANGER])
def strange_page(
    request: pytest.FixtureRequest, strangers_browser: Browser, strange_site: int
) -> Iterator[Page]:
    """A page of another port, and of another port and host name."""
    page = strangers_browser.new_page()
    page.goto(f"http://{request.param}:{strange_site}/")
    yield page
    page.close()


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_page_of_another_origin_changes_nothing_by(
    ui: Served, strange_page: Page, attack: str
) -> None:
    before = ui.schedule()
    arguments = [ui.address, quote(START), json.dumps({"query": START})]
    strange_page.evaluate(SCRIPT % ATTACKS[attack], arguments)
    assert ui.schedule() == before
    assert before["status"] == "STOPPED"


def test_a_page_of_another_origin_reads_no_stream(ui: Served, strange_page: Page) -> None:
    assert strange_page.evaluate(SOCKET, ui.address) == "refused"


def test_a_page_of_another_origin_cannot_frame_the_ui(ui: Served, strange_page: Page) -> None:
    strange_page.set_content(f'<iframe src="{ui.address}/runs"></iframe>')
    frame = strange_page.frames[-1]
    frame.wait_for_load_state()
    assert frame.locator("#root").count() == 0


def test_the_ui_under_a_strangers_name_answers_nothing(
    ui: Served, strangers_browser: Browser
) -> None:
    page = strangers_browser.new_page()
    response = page.goto(f"http://{STRANGER}:{ui.port}/runs")
    assert response is not None
    assert (response.status, response.text()) == (400, "Invalid host header")
    page.close()


@pytest.mark.parametrize("name", [HOST, "localhost", PROXIED])
def test_the_ui_works_under_its_own_names(
    ui: Served, strangers_browser: Browser, name: str
) -> None:
    address = f"http://{name}:{ui.port}"
    page = strangers_browser.new_page()
    page.goto(f"{address}/automation")
    assert page.evaluate(SOCKET, address) == "open"
    # The answer is what counts: the daemon may write a state over it that it has read before.
    answer = json.loads(page.evaluate(ASK, [address, json.dumps({"query": START})]))
    assert answer == {"data": {"startSchedule": {"__typename": "ScheduleStateResult"}}}
    ui.ask(STOP % ui.schedule()["id"])
    page.close()


def test_a_link_from_elsewhere_opens_the_ui(ui: Served, strange_page: Page) -> None:
    strange_page.set_content(f'<a href="{ui.address}/runs">runs</a>')
    with strange_page.expect_navigation() as navigation:
        strange_page.get_by_text("runs").click()
    assert navigation.value.status == 200


REFUSED: dict[str, Callable[[Served], tuple[int, Any]]] = {
    "a foreign host": lambda ui: ui.ask(VERSION, Host="evil.example"),
    "no host": lambda ui: ui.ask(VERSION, Host=""),
    "a foreign origin": lambda ui: ui.ask(VERSION, Origin="http://evil.example"),
    "an origin without a name": lambda ui: ui.ask(VERSION, Origin="null"),
    "another port": lambda ui: ui.ask(VERSION, Origin=f"http://{HOST}:1"),
    "a foreign site": lambda ui: ui.ask(VERSION, **{"Sec-Fetch-Site": "cross-site"}),
    "a neighbouring site": lambda ui: ui.ask(VERSION, **{"Sec-Fetch-Site": "same-site"}),
    "a query in the address": lambda ui: ui.send("GET", f"/graphql?query={quote(VERSION)}"),
    "no content type": lambda ui: ui.send("POST", "/graphql", json.dumps({"query": VERSION})),
    "a form": lambda ui: ui.ask(
        VERSION, **{"Content-Type": "application/x-www-form-urlencoded; x=application/json"}
    ),
    "a report of an event": lambda ui: ui.send("POST", "/report_asset_materialization/raw/jobs"),
}


@pytest.mark.parametrize("request_of", REFUSED)
def test_the_server_refuses(ui: Served, request_of: str) -> None:
    status, answer = REFUSED[request_of](ui)
    assert status in {400, 403}
    assert isinstance(answer, str)


def test_a_program_is_let_in(ui: Served) -> None:
    status, answer = ui.ask(VERSION)
    assert (status, list(answer["data"])) == (200, ["version"])


def test_a_monitor_is_told_that_the_daemon_lives(ui: Served) -> None:
    parts = until(lambda: answer if (answer := ui.send("GET", "/healthz"))[0] == 200 else None)[1]
    assert "SENSOR" in parts
    assert beacon("health", home=ui.home).returncode == 0
