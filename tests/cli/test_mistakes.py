"""What people mistype or hand over is answered in words: never a traceback, never an escape."""

import gzip
import socket
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from dagster_project import console
from dagster_project.cli.app import app
from dagster_project.cli.shared import FAILED, explanation

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
ROW = b'{"job": 1, "region": "US", "model": 2, "question": 3, "text": "x"%s}\n'


@pytest.fixture
def beacon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A command whose databases do not answer: it must not get that far."""
    monkeypatch.chdir(tmp_path)
    for name in ("RUNNER", "WAREHOUSE"):
        monkeypatch.setenv(f"BEACON_{name}_URL", NOWHERE)
    monkeypatch.setenv("BEACON_HOME", str(tmp_path / "h%20o m[red]"))
    return lambda *arguments, **variables: CliRunner().invoke(app, arguments, env=variables)


def refused(result: Result, exit_code: int, *words: str) -> None:
    assert result.exit_code == exit_code, (result.output, result.exception)
    assert isinstance(result.exception, SystemExit)
    assert all(word in result.output for word in words), result.output


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.ndjson", b""),
        ("empty.parquet", b""),
        ("other.parquet", b"no parquet at all"),
        ("other.ndjson.gz", b"not packed"),
        ("cut.ndjson.gz", gzip.compress(ROW % b"" * 99, mtime=0)[:40]),
        ("spoilt.ndjson.gz", gzip.compress(ROW % b"", mtime=0)[:10] + b"\xff" * 40),
        ("mark.ndjson", b"\xef\xbb\xbf\n"),
        ("deep.ndjson", b"[" * 100_000),
        ("deep_value.ndjson", ROW % (b', "x": ' + b"[" * 20_000 + b"]" * 20_000)),
        ("huge.ndjson", ROW % (b', "bias_score": ' + b"9" * 4_000)),
        ("huger.ndjson", ROW % (b', "bias_score": ' + b"9" * 5_000)),
        ("early.ndjson", ROW % b', "created_at": "0001-01-01T00:00:00+05:00"'),
    ],
)
def test_a_file_that_cannot_be_loaded_is_named(
    beacon: Callable[..., Result], tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    refused(beacon("load-answers", name), 1, name)


def test_a_lock_that_somebody_else_holds_is_told_with_the_next_command() -> None:
    told = explanation(psycopg.errors.LockNotAvailable("canceling statement due to lock timeout"))
    assert told is not None
    message, exit_code = told
    assert exit_code == FAILED
    assert "Again: beacon" in message


def test_an_ending_that_stands_for_no_form_is_refused_and_nothing_is_written(
    beacon: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "a.ndjson").write_bytes(ROW % b"")
    for name in ("s.csv", "s", "s.parquet.gz"):
        refused(beacon("score", "--input", "a.ndjson", "--output", name), 2, ".ndjson")
    refused(beacon("report", "--output", "report.pdf"), 2, ".html")
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["a.ndjson"]
    assert beacon("score", "--input", "a.ndjson", "--output", "[red]s.jsonl").exit_code == 0


def test_a_variable_without_a_usable_value_is_named(beacon: Callable[..., Result]) -> None:
    refused(beacon("plan", BEACON_BATCH_ROWS="many"), 2, "BEACON_BATCH_ROWS")


def test_a_taken_port_ends_the_ui_and_the_message_says_which_to_take(
    beacon: Callable[..., Result],
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        refused(beacon("ui", "--port", str(port)), 1, f"beacon ui --port {port + 1}")


def test_texts_of_others_reach_the_terminal_without_markup_or_control_characters() -> None:
    text = "[bold]id[/bold] \x1b[31m \x9b2J \r\x07 \u202e :smile: \ud800"
    with console.out.capture() as captured:
        console.out.print(text)
        console.out.print(console.table(text, ["what"], [(text,)]))
    shown = captured.get()
    assert shown.count("[bold]id[/bold]") == 3
    assert ":smile:" in shown
    assert not any(one in shown for one in ("\x1b[31", "\x9b", "\x07", "\r", "\u202e", "\ud800"))
