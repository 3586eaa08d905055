"""The command ``beacon``: which commands there are, and which module does the work."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from dagster_project import console
from dagster_project.backfill.command import backfill, plan
from dagster_project.command_line import (
    EXIT_CODES,
    FAILED,
    UI_PORT,
    AsJson,
    examples,
    explained_errors,
    fail,
    print_json,
    warehouse_databases,
)
from dagster_project.deliver.report.command import report
from dagster_project.deliver.snapshot.command import snapshot
from dagster_project.doctor.command import doctor
from dagster_project.publish.command import publish_command, unpublish_command
from dagster_project.score.command import score_command

START, WORK, LOOK, DELIVER = "Start", "Work", "Look", "Deliver"


class Commands(TyperGroup):
    """The commands; ``--quiet`` counts wherever it stands."""

    # The class of the context is private to typer; typer.Context is made from it.
    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Read the arguments, ``--quiet`` first, because it is an option of the group."""
        return super().parse_args(ctx, sorted(args, key=lambda argument: argument != "--quiet"))


def _print_version(wanted: bool) -> None:  # noqa: FBT001  typer calls it so
    if wanted:
        from importlib.metadata import version

        console.out.print(f"beacon {version('beacon-analytics')}", highlight=False)
        raise typer.Exit


app = typer.Typer(
    name="beacon",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    epilog="\n".join(
        [
            "[bold]Exit codes[/bold]",
            *(f"  {code}  {meaning}" for code, meaning in EXIT_CODES.items()),
        ]
    ),
)


@app.callback()
def beacon(
    *,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors and --json only.")] = False,
    version: Annotated[  # noqa: ARG001  its callback prints it
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Unify the runner's jobs and measure bias. Every command has --help with examples."""
    console.out.quiet = quiet


@app.command(
    rich_help_panel=START,
    epilog=examples(
        ("demo", "600 jobs, about three minutes"),
        ("demo --jobs 120", "a smaller one"),
    ),
)
def demo(
    jobs: Annotated[int, typer.Option(min=50, help="Jobs in the synthetic database.")] = 600,
) -> None:
    """Run the whole pipeline on a labelled-synthetic runner database. Safe to repeat."""
    from dagster_project.demo import DemoError, run_demo
    from dagster_project.summary import print_holdings, print_next_steps

    with explained_errors():
        try:
            result = run_demo(jobs)
        except DemoError as error:
            fail(str(error), FAILED)
    print_holdings(result.holdings)
    print_next_steps(result.databases)


@app.command(
    rich_help_panel=START,
    epilog=examples(
        ("setup", "on the databases that BEACON_*_URL name"),
    ),
)
def setup() -> None:
    """Create or update schemas, seeds and views in the warehouse. Safe to repeat."""
    from dagster_project.unify.assets import build_structure

    with warehouse_databases() as urls:
        build_structure(urls.warehouse)
    console.out.print("The warehouse is ready.")


@app.command(
    rich_help_panel=START,
    epilog=examples(
        ("stop", "free the memory; the data stays"),
    ),
)
def stop() -> None:
    """Stop the demo's Postgres server; any command starts it again."""
    from dagster_project.runner_db.embedded import stop_server
    from dagster_project.settings import Settings

    settings = Settings()
    with explained_errors():
        stopped = stop_server(settings.home, settings.pg_bindir)
    console.out.print("Stopped." if stopped else "Another command uses it; the last one stops it.")


@app.command(
    rich_help_panel=LOOK,
    epilog=examples(
        ("status", "tables"),
        ("status --json", "for scripts, with content hashes"),
    ),
)
def status(*, as_json: AsJson = False) -> None:
    """Show what the warehouse holds and which job_days need work."""
    from dagster_project.backfill.operate import current_plan
    from dagster_project.status import read_content_hashes, read_holdings
    from dagster_project.summary import print_holdings, print_plan

    with warehouse_databases() as urls:
        days = current_plan(urls)
        holdings = read_holdings(urls.warehouse)
        if as_json:
            hashes = read_content_hashes(urls.warehouse)
            document = {
                "days": [asdict(day) for day in days],
                **asdict(holdings),
                "content_hashes": {name: asdict(value) for name, value in hashes.items()},
            }
            print_json(document)
        else:
            print_plan(days)
            print_holdings(holdings)


app.command(
    rich_help_panel=LOOK,
    epilog=examples(
        ("plan", "every day that needs work"),
        ("plan --from 2025-09-01 --to 2025-09-30", "one month"),
    ),
)(plan)


app.command(
    rich_help_panel=WORK,
    epilog=examples(
        ("backfill", "whatever plan shows"),
        ("backfill --from 2025-09-01 --to 2025-09-30", "one month"),
        ("backfill --only failed", "after the cause is mended"),
        ("backfill --dry-run", "show the plan only"),
    ),
)(backfill)


@app.command(
    "load-answers",
    rich_help_panel=WORK,
    epilog=examples(
        ("load-answers answers.parquet", "columns job, region, model, question, text"),
        ("load-answers a.ndjson --note 'language is region'", "what stands in for what"),
    ),
)
def load_answers_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Parquet or NDJSON.")],
    note: Annotated[str, typer.Option(help="What stands in for what; part of the job name.")] = "",
) -> None:
    """Put model answers from a file into the runner database, as standard jobs."""
    from dagster_project.runner_db.answers_file import BadAnswersError
    from dagster_project.runner_db.load import NotSyntheticError
    from dagster_project.runner_db.load_answers import ForeignJobError, load_answers

    with warehouse_databases(start_demo=True) as urls:
        try:
            result = load_answers(urls.runner, file, note=note)
        except (BadAnswersError, ForeignJobError, NotSyntheticError) as error:
            fail(str(error), FAILED)
    console.out.print(
        f"{result.answers:,} answers: {result.jobs_added:,} jobs added, "
        f"{result.jobs_replaced:,} replaced, {result.jobs_unchanged:,} unchanged. "
        "Next: beacon backfill"
    )


app.command(
    "score",
    rich_help_panel=WORK,
    epilog=examples(
        ("score --input answers.ndjson --output scores.parquet", "per answer"),
        ("score --input a.parquet --output jobs.ndjson --jobs", "per job"),
    ),
)(score_command)


@app.command(
    rich_help_panel=LOOK,
    epilog=examples(
        ("job bias-detection-1758933513", "tables"),
        ("job bias-detection-1758933513 --json", "for scripts"),
    ),
)
def job(
    job_id: Annotated[str, typer.Argument(help="Public id of the job.")], *, as_json: AsJson = False
) -> None:
    """Show one job: progress by region and model, metrics, or why there are none."""
    from dagster_project.one_job import near_matches, print_job, read_job

    with warehouse_databases() as urls:
        found = read_job(urls.warehouse, job_id)
        similar = near_matches(urls.warehouse, job_id) if found is None else []
    if found is None:
        nearest = f"\nDid you mean: {', '.join(similar)}?" if similar else ""
        fail(
            f"No job {job_id} in the warehouse. A new one comes with: beacon backfill{nearest}",
            FAILED,
        )
    if as_json:
        print_json(asdict(found))
    else:
        print_job(found)


@app.command(
    rich_help_panel=LOOK,
    epilog=examples(
        ("ui", "http://127.0.0.1:3000"),
        ("ui --port 3001", "when 3000 is taken"),
    ),
)
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = UI_PORT,
) -> None:
    """Serve the Dagster UI with schedules and sensors on 127.0.0.1 until Ctrl-C."""
    from dagster_project.ui import serve

    with warehouse_databases() as urls:
        raise typer.Exit(serve(urls, port))


app.command(
    rich_help_panel=DELIVER,
    epilog=examples(
        ("report", "all days, into BEACON_HOME/reports"),
        ("report --from 2025-10-01 --to 2025-10-31", "October"),
        ("report --job bias-detection-1758933513", "answers side by side"),
    ),
)(report)

app.command(
    rich_help_panel=DELIVER,
    epilog=examples(
        ("snapshot", "into the folder BEACON_HOME/snapshot"),
        ("snapshot --output march", "into the folder march"),
    ),
)(snapshot)

app.command(
    "publish",
    rich_help_panel=DELIVER,
    epilog=examples(
        ("publish --dry-run", "what would be written"),
        ("publish --job bias-detection-1758933513", "one job"),
        ("publish", "every job that has one"),
    ),
)(publish_command)

app.command(
    "unpublish",
    rich_help_panel=DELIVER,
    epilog=examples(
        ("unpublish --from 2025-10-01", "from that day on"),
        ("unpublish", "everything that was published"),
    ),
)(unpublish_command)

app.command(
    rich_help_panel=START,
    epilog=examples(
        ("doctor", "on the databases that any command would take"),
        ("doctor --json", "for scripts; exit code 1 when something fails"),
    ),
)(doctor)
