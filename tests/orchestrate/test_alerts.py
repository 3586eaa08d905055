"""Alerts of failed, late and broken, told to a mail server and a web server that really listen."""

import email
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import dagster as dg
import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from typer.testing import CliRunner

from dagster_project.backfill import ledger
from dagster_project.backfill.ledger import Cause, Outcome
from dagster_project.cli.app import app
from dagster_project.cli.shared import FAILED
from dagster_project.definitions import defs
from dagster_project.deliver.alerts.alerts import AlertError
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.orchestrate.automation import alerts
from dagster_project.orchestrate.checks import STANDING
from dagster_project.settings import Settings
from tests.faults.faults import until
from tests.orchestrate.copies import copied_pipeline
from tests.pipeline import Pipeline

DAY, OTHER_DAY = date(2025, 10, 3), date(2025, 10, 4)
PASSWORD, TOKEN = "swordfish-7", "xoxb-secret-token"
PERSONAL = "Jane Doe, 12 High Street"


@dataclass
class Inbox:
    """What a server took: one text per message, title first. It can refuse, or wait."""

    url: str = ""
    texts: list[str] = field(default_factory=list)
    is_refusing: bool = False
    may_answer: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    def take(self, text: str) -> bool:
        self.asked.set()
        self.may_answer.wait()
        if not self.is_refusing:
            self.texts.append(text)
        return not self.is_refusing

    def taken(self) -> list[str]:
        """Return what came since the last call."""
        found, self.texts = self.texts, []
        return found


@pytest.fixture
def mail() -> Iterator[Inbox]:
    inbox = Inbox()

    class Handler:
        async def handle_DATA(  # noqa: N802  aiosmtpd calls it so
            self, _server: SMTP, _session: Session, envelope: Envelope
        ) -> str:
            assert isinstance(envelope.content, bytes)
            message = email.message_from_bytes(envelope.content)
            is_taken = inbox.take(f"{message['subject']}\n{_plain(message)}")
            return "250 OK" if is_taken else "451 try later"

    controller = Controller(Handler(), hostname="127.0.0.1", port=_free_port())
    controller.start()
    where = f"127.0.0.1:{controller.port}"
    inbox.url = f"mailto://{where}?from=beacon@example.org&to=ada@example.org&name={PASSWORD}"
    yield inbox
    controller.stop()


def _plain(message: Message) -> str:
    parts = [part for part in message.walk() if part.get_content_type() == "text/plain"]
    return "".join(bytes(part.get_payload(decode=True)).decode() for part in parts)


def _free_port() -> int:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return server.server_port


@pytest.fixture
def hook() -> Iterator[Inbox]:
    inbox = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            is_taken = inbox.take(f"{body['title']}\n{body['message']}")
            self.send_response(200 if is_taken else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        inbox.url = f"json://beacon:{PASSWORD}@127.0.0.1:{server.server_port}/{TOKEN}"
        yield inbox
        inbox.may_answer.set()
        server.shutdown()


@pytest.fixture
def warehouse(warehouse_url: str, mail: Inbox, hook: Inbox, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty warehouse whose failures are told to both servers."""
    monkeypatch.setenv("BEACON_WAREHOUSE_URL", warehouse_url)
    monkeypatch.setenv("BEACON_ALERT_URLS", f"{mail.url} {hook.url}")
    return warehouse_url


def tick() -> None:
    """Do what the daemon does once a minute."""
    with dg.instance_for_test() as instance:
        context = dg.build_sensor_context(instance, resources={"settings": Settings()})
        alerts.evaluate_tick(context)


def end(url: str, day: date, status: Literal["done", "failed", "quarantined"]) -> None:
    """Write the ledger as if a run had ended the extract of a day so."""
    error = None if status == "done" else f"DataError: bad value\nDETAIL: {PERSONAL}"
    with psycopg.connect(url) as connection:
        ledger.finish(connection, [Outcome(day, "extract", status, None, "1", error=error)])


def begin(url: str, day: date) -> None:
    with psycopg.connect(url) as connection:
        ledger.begin(connection, "extract", None, [day], Cause("run", "test"))


def test_a_failed_day_is_told_once_and_once_when_it_is_well_again(
    warehouse: str, mail: Inbox, hook: Inbox
) -> None:
    begin(warehouse, DAY)
    end(warehouse, DAY, "quarantined")
    tick()
    for inbox in (mail, hook):
        (text,) = inbox.taken()
        assert f"{DAY}: extract quarantined" in text
        assert "beacon backfill --only failed" in text
        assert PERSONAL not in text
    # Looked at again, tried again, and failed again: nothing of it is new.
    tick()
    begin(warehouse, DAY)
    tick()
    end(warehouse, DAY, "failed")
    tick()
    assert (mail.taken(), hook.taken()) == ([], [])
    begin(warehouse, DAY)
    end(warehouse, DAY, "done")
    tick()
    tick()
    for inbox in (mail, hook):
        (text,) = inbox.taken()
        assert "over" in text.splitlines()[0]
        assert str(DAY) in text
    begin(warehouse, DAY)
    end(warehouse, DAY, "failed")
    tick()
    assert (len(mail.taken()), len(hook.taken())) == (1, 1)


def test_what_was_not_delivered_is_told_and_tried_again_with_those_alone_who_missed_it(
    warehouse: str, mail: Inbox, hook: Inbox
) -> None:
    hook.is_refusing = True
    begin(warehouse, DAY)
    end(warehouse, DAY, "failed")
    for _ in range(2):
        with pytest.raises(AlertError, match=r"number 2 \(json\)"):
            tick()
    assert len(mail.taken()) == 1
    # It ends before the other could be told that it began.
    begin(warehouse, DAY)
    end(warehouse, DAY, "done")
    begin(warehouse, OTHER_DAY)
    end(warehouse, OTHER_DAY, "failed")
    hook.is_refusing = False
    tick()
    tick()
    for inbox in (mail, hook):
        over, new = inbox.taken()
        assert f"over: {DAY}" in over
        assert str(OTHER_DAY) in new


def test_of_two_daemons_one_tells(warehouse: str, mail: Inbox, hook: Inbox) -> None:
    begin(warehouse, DAY)
    end(warehouse, DAY, "failed")
    mail.may_answer.clear()
    first = threading.Thread(target=tick)
    first.start()
    until(lambda: mail.asked.is_set() or None)
    tick()
    assert hook.texts == []
    mail.may_answer.set()
    first.join()
    assert (len(mail.taken()), len(hook.taken())) == (1, 1)


@contextmanager
def looked_at() -> Iterator[dg.ExecuteInProcessResult]:
    with dg.instance_for_test() as instance:
        keys = {check.key for check in STANDING}
        job = defs.resolve_job_def("checks").get_subset(asset_check_selection=keys)
        yield job.execute_in_process(instance=instance, raise_on_error=False)


def test_late_days_and_broken_checks_are_told_until_they_are_well(
    pipeline: Pipeline,
    postgres_server: EmbeddedServer,
    hook: Inbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BEACON_ALERT_URLS", hook.url)
    day = min(pipeline.manifest.job_days)
    with copied_pipeline(postgres_server) as copy:
        monkeypatch.setenv("BEACON_RUNNER_URL", copy.runner)
        monkeypatch.setenv("BEACON_WAREHOUSE_URL", copy.warehouse)
        with psycopg.connect(copy.warehouse) as connection:
            connection.execute("create table ops.kept as table ops.partition_ledger")
            connection.execute("delete from ops.partition_ledger where job_day = %s", (day,))
            connection.execute("create table ops.kept_rows as table raw.executions")
            connection.execute(
                "delete from raw.executions where id = (select max(id) from raw.executions)"
            )
        with looked_at():
            tick()
            tick()
        (text,) = hook.taken()
        assert f"{day}: late, missing" in text
        assert "all_rows_reconcile: 2 found" in text
        assert "no_day_is_late" not in text
        with psycopg.connect(copy.warehouse) as connection:
            connection.execute(
                "insert into ops.partition_ledger table ops.kept on conflict do nothing"
            )
            connection.execute(
                "insert into raw.executions table ops.kept_rows on conflict do nothing"
            )
        with looked_at():
            tick()
        (text,) = hook.taken()
        assert text.count("- over:") == 2


def test_checks_that_cannot_look_are_told(
    warehouse: str, hook: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEACON_ALERT_URLS", hook.url)
    monkeypatch.setenv("BEACON_RUNNER_URL", "postgresql://127.0.0.1:1/nothing")
    with looked_at() as result:
        assert not result.success
    tick()
    (text,) = hook.taken()
    assert "standing_checks cannot look (OperationalError)" in text
    assert "beacon doctor" in text


def test_the_urls_are_shown_nowhere(
    warehouse: str,
    hook: Inbox,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hook.is_refusing = True
    begin(warehouse, DAY)
    end(warehouse, DAY, "failed")
    with caplog.at_level(logging.INFO), pytest.raises(AlertError) as raised:
        tick()
    with psycopg.connect(warehouse) as connection:
        stored = connection.execute("select a::text from ops.alerts as a").fetchall()
    assert stored
    shown = [caplog.text, str(raised.getrepr(style="long")), str(stored), repr(Settings())]
    refused = CliRunner().invoke(app, ["doctor", "--alert"])
    assert refused.exit_code == FAILED
    monkeypatch.setenv("BEACON_ALERT_URLS", f"nothing://{PASSWORD}@127.0.0.1/{TOKEN}")
    unread = CliRunner().invoke(app, ["doctor"])
    assert unread.exit_code == FAILED
    shown += [refused.output, unread.output]
    assert "BEACON_ALERT_URLS" in unread.output
    assert not any(secret in text for secret in (PASSWORD, TOKEN) for text in shown)


def test_the_doctor_sends_a_test_message_only_when_asked(
    warehouse: str, mail: Inbox, hook: Inbox
) -> None:
    CliRunner().invoke(app, ["doctor"])
    assert (mail.taken(), hook.taken()) == ([], [])
    CliRunner().invoke(app, ["doctor", "--alert"])
    assert (len(mail.taken()), len(hook.taken())) == (1, 1)
