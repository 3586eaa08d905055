"""What every command shares: options, exit codes, explained errors, JSON.

Belongs here: what two commands need. Does not belong here: any one command, or how tables look
(`dagster_project.console`). Nothing heavy is imported: ``beacon --help`` loads this module.

"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.markup import escape

from dagster_project import console
from dagster_project.cli import STOPPED

if TYPE_CHECKING:
    from dagster_project.outputs import Place
    from dagster_project.partitions import Window
    from dagster_project.settings import Settings
    from dagster_project.stage import Databases

FAILED, USAGE, BAD_ROWS = 1, 2, 3
EXIT_CODES = {
    0: "done",
    FAILED: "failed",
    USAGE: "wrong usage, or a setting is missing",
    BAD_ROWS: "done, but some rows or days are bad and are named",
    STOPPED: "stopped by Ctrl-C or SIGTERM; what is done stays done",
}

command: ContextVar[str] = ContextVar("command", default="")
"""The command that runs, without its options; a message names it as the next one."""

HOST = "127.0.0.1"
ONE_DAY = timedelta(days=1)
UI_PORT = 3000

FromDay = Annotated[str | None, typer.Option("--from", help="First job_day, YYYY-MM-DD.")]
ToDay = Annotated[str | None, typer.Option("--to", help="Last job_day, inclusive.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def examples(*lines: tuple[str, str]) -> str:
    """Return the examples that a command's ``--help`` ends with.

    Args:
        lines: Arguments after ``beacon``, and what they do; together at most 74 characters.

    Returns:
        Text in rich markup.
    """
    shown = [(f"beacon {arguments}".rstrip(), meaning) for arguments, meaning in lines]
    width = max(len(command) for command, _ in shown)
    rows = [f"  {escape(command):<{width}}  [dim]{meaning}[/dim]" for command, meaning in shown]
    return "\n".join(["[bold]Examples[/bold]", *rows])


def window_of(first: str | None, last: str | None) -> "Window | None":
    """Return the job_days that ``--from`` and ``--to`` name.

    Args:
        first: First day, inclusive; None = the first day of all.
        last: Last day, inclusive; None = no end.

    Returns:
        The window; None when neither is given.

    Raises:
        typer.Exit: A day is no job_day, or the first is after the last; the reason is printed.
    """
    from dagster_project.partitions import START_DATE, Window

    if first is None and last is None:
        return None
    start = START_DATE if first is None else _day(first)
    end = date.max if last is None else _day(last) + ONE_DAY
    if start >= end:
        fail(f"--from {first} is after --to {last}", USAGE)
    return Window(start, end)


def _day(text: str) -> date:
    from dagster_project.partitions import START_DATE

    # A client's clock may run up to one day ahead.
    last = datetime.now(UTC).date() + timedelta(days=1)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        fail(f"{text!r} is not a day. Write it as YYYY-MM-DD.", USAGE)
    if not START_DATE <= day <= last:
        fail(f"{text} is no job_day: they go from {START_DATE} to {last}.", USAGE)
    return day


@contextmanager
def warehouse_databases(settings: "Settings", *, start_demo: bool = False) -> Iterator["Databases"]:
    """Give a command its two databases; loads what that needs only now."""
    from dagster_project.embedded_postgres.server import databases

    with databases(settings, start_demo=start_demo) as urls:
        yield urls


def require_openable(place: "Place") -> None:
    """End the command where a browser of this machine could not open what it is to write."""
    from dagster_project.outputs import in_store

    if in_store(place):
        fail(f"--open needs a file of this machine, and {place} is none: --output FILE", USAGE)


def explanation(error: Exception) -> tuple[str, int] | None:
    """Return what a user is told of an expected error, remedy included, and the exit code.

    None: it is none, or one that typer tells.
    """
    if isinstance(error, BrokenPipeError):
        return None
    wrong = _wrong_setting(error)
    if wrong is not None:
        return wrong, USAGE
    failure = _database_fault(error) or _fault(error)
    return None if failure is None else (failure, FAILED)


def _wrong_setting(error: Exception) -> str | None:
    import psycopg
    from pydantic import ValidationError

    from dagster_project.settings import MissingSettingError, variable_of

    if isinstance(error, MissingSettingError):
        return str(error)
    if isinstance(error, ValidationError):
        # Not the value: it may be a URL.
        wrong = (f"{variable_of(one['loc'])}: {one['msg']}" for one in error.errors())
        return f"A variable has no usable value. {'; '.join(wrong)}"
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        # The text quotes the URL, password included.
        return "BEACON_RUNNER_URL or BEACON_WAREHOUSE_URL is no libpq URL: beacon doctor"
    return None


def _database_fault(error: Exception) -> str | None:
    import psycopg

    from dagster_project.postgres import TransactionPoolerError

    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return f"{error.diag.message_primary}. Set the warehouse up: beacon setup"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return f"{error.diag.message_primary}. What is missing: beacon doctor"
    is_lost = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
    if is_lost or isinstance(error, TransactionPoolerError):
        return f"The database does not answer: {error}\nWhat is wrong: beacon doctor"
    return None


def _fault(error: Exception) -> str | None:
    from dagster_project.embedded_postgres.cluster import EmbeddedServerError
    from dagster_project.embedded_postgres.programs import PostgresBinariesError, PrivilegeError
    from dagster_project.stage import StageError, is_transient, machine_fault

    fault = machine_fault(error)
    if fault is not None:
        return f"Not done: {fault} Then again: beacon {command.get()}"
    if is_transient(error):
        return f"Not done: {error}\nIt may pass. Again: beacon {command.get()}"
    known = (OSError, StageError, EmbeddedServerError, PostgresBinariesError, PrivilegeError)
    return str(error) if isinstance(error, known) else None


def print_json(document: object) -> None:
    """Write a document to standard output as indented JSON.

    Args:
        document: What `json` can write; anything else is written as its text.
    """
    sys.stdout.write(json.dumps(document, indent=2, default=str) + os.linesep)


def fail(message: str, code: int) -> NoReturn:
    """Print a message on standard error and end the command.

    Args:
        message: What is wrong, and the remedy.
        code: One of `FAILED`, `USAGE`, `BAD_ROWS`.

    Raises:
        typer.Exit: Always.
    """
    console.err.print(message, style="bold red", soft_wrap=True, highlight=False)
    raise typer.Exit(code)
