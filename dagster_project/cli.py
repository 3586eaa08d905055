"""The command ``beacon``: options, exit codes, and which module does the work.

Exit codes: 0 done; 1 failed; 2 wrong usage or a missing setting; 3 done, but some rows or days are
bad and are named.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import psycopg
import typer

from dagster_project import console
from dagster_project.backfill.stages import Databases
from dagster_project.partitions import START_DATE, Window
from dagster_project.score.command import score_command
from dagster_project.settings import MissingSettingError, Settings

FAILED, USAGE, BAD_ROWS = 1, 2, 3

app = typer.Typer(
    name="beacon",
    help="Unify the runner's jobs and measure bias. Every command has --help.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)

FromDay = Annotated[str | None, typer.Option("--from", help="First job_day, YYYY-MM-DD.")]
ToDay = Annotated[str | None, typer.Option("--to", help="Last job_day, inclusive.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
ChunkDays = Annotated[int, typer.Option(min=1, max=366, help="Most job_days per run.")]


class Only(StrEnum):
    """Which days a backfill takes."""

    MISSING = "missing"
    STALE = "stale"
    FAILED = "failed"


@app.command()
def demo(
    jobs: Annotated[int, typer.Option(min=50, help="Jobs in the synthetic database.")] = 600,
) -> None:
    """Run the whole pipeline on a labelled-synthetic runner database. Safe to repeat."""
    from dagster_project.demo import DemoError, run_demo
    from dagster_project.summary import print_holdings, print_next_steps

    with _explained_errors():
        try:
            result = run_demo(jobs)
        except DemoError as error:
            _fail(str(error), FAILED)
    print_holdings(result.holdings)
    print_next_steps(result.databases)


@app.command()
def setup() -> None:
    """Create or update schemas, seeds and views in the warehouse. Safe to repeat."""
    from dagster_project.unify.assets import build_structure

    with _databases() as urls:
        build_structure(urls.warehouse)
    console.out.print("The warehouse is ready.")


@app.command()
def stop() -> None:
    """Stop the demo's Postgres server; any command starts it again."""
    from dagster_project.runner_db.embedded import stop_server

    settings = Settings()
    stop_server(settings.home, settings.pg_bindir)


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Show what the warehouse holds and which job_days need work."""
    from dagster_project.backfill.operate import current_plan
    from dagster_project.status import read_content_hashes, read_holdings
    from dagster_project.summary import print_holdings, print_plan

    with _databases() as urls:
        days = current_plan(urls)
        holdings = read_holdings(urls.warehouse)
        if as_json:
            hashes = read_content_hashes(urls.warehouse)
            document = {
                "days": [asdict(day) for day in days],
                **asdict(holdings),
                "content_hashes": {name: asdict(value) for name, value in hashes.items()},
            }
            _print_json(document)
        else:
            print_plan(days)
            print_holdings(holdings)


@app.command()
def plan(
    *,
    first: FromDay = None,
    last: ToDay = None,
    chunk_days: ChunkDays = 31,
    as_json: AsJson = False,
) -> None:
    """Show which job_days a backfill would process, why, and in which runs. Changes nothing."""
    from dagster_project.backfill.operate import TO_DO, current_plan
    from dagster_project.backfill.plan import chunks, days_in
    from dagster_project.summary import print_chunks, print_plan

    window = _window(first, last)
    with _databases() as urls:
        days = current_plan(urls, window)
        if as_json:
            _print_json([asdict(day) for day in days])
        else:
            print_plan(days)
            print_chunks(list(chunks(days, days_in(days, TO_DO), chunk_days)))


@app.command()
def backfill(
    *,
    first: FromDay = None,
    last: ToDay = None,
    only: Annotated[Only | None, typer.Option(help="Take only such days.")] = None,
    chunk_days: ChunkDays = 31,
    reason: Annotated[str, typer.Option(help="Recorded with each run.")] = "beacon backfill",
) -> None:
    """Process every job_day that is not current, in runs of some days. Resumes."""
    from dagster_project.backfill.command import run_backfill

    window = _window(first, last)
    with _databases() as urls:
        bad_days = run_backfill(urls, window, only.value if only else None, chunk_days, reason)
    if bad_days:
        raise typer.Exit(BAD_ROWS)


@app.command("load-answers")
def load_answers_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Parquet or NDJSON.")],
    note: Annotated[str, typer.Option(help="What stands in for what; part of the job name.")] = "",
) -> None:
    """Put model answers from a file into the runner database, as standard jobs."""
    from dagster_project.runner_db.answers_file import BadAnswersError
    from dagster_project.runner_db.load import NotSyntheticError
    from dagster_project.runner_db.load_answers import ForeignJobError, load_answers

    with _databases(start_demo=True) as urls:
        try:
            result = load_answers(urls.runner, file, note=note)
        except (BadAnswersError, ForeignJobError, NotSyntheticError) as error:
            _fail(str(error), FAILED)
    console.out.print(
        f"{result.answers:,} answers: {result.jobs_added:,} jobs added, "
        f"{result.jobs_replaced:,} replaced, {result.jobs_unchanged:,} unchanged. "
        "Next: beacon backfill"
    )


app.command("score")(score_command)


@app.command()
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 3000,
) -> None:
    """Serve the Dagster UI with schedules and sensors on 127.0.0.1 until Ctrl-C."""
    from dagster_project.ui import serve

    with _databases() as urls:
        raise typer.Exit(serve(urls, port))


def _window(first: str | None, last: str | None) -> Window | None:
    if first is None and last is None:
        return None
    start = _day(first) if first else START_DATE
    end = _day(last) + timedelta(days=1) if last else date.max
    if start >= end:
        _fail(f"--from {first} is after --to {last}", USAGE)
    return Window(start, end)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        _fail(f"{text} is not a day. Write it as YYYY-MM-DD.", USAGE)


@contextmanager
def _databases(*, start_demo: bool = False) -> Iterator[Databases]:
    from dagster_project.environment import databases

    with _explained_errors(), databases(start_demo=start_demo) as urls:
        yield urls


@contextmanager
def _explained_errors() -> Iterator[None]:
    try:
        yield
    except MissingSettingError as error:
        _fail(str(error), USAGE)
    except psycopg.errors.UndefinedTable as error:
        _fail(f"{error.diag.message_primary}. Create the schema first: beacon setup", FAILED)
    except psycopg.OperationalError as error:
        _fail(f"The database does not answer: {error}", FAILED)


def _print_json(document: object) -> None:
    sys.stdout.write(json.dumps(document, indent=2, default=str) + os.linesep)


def _fail(message: str, code: int) -> NoReturn:
    console.err.print(message, style="bold red", soft_wrap=True)
    raise typer.Exit(code)
