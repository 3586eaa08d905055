"""The command ``beacon``: which commands there are, in which order and with which examples."""

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dagster_project import console
from dagster_project.cli import STOPPED
from dagster_project.cli.backfill import backfill, plan
from dagster_project.cli.browse import browse
from dagster_project.cli.connect import connect
from dagster_project.cli.dbt import dbt
from dagster_project.cli.demo import demo
from dagster_project.cli.doctor import doctor
from dagster_project.cli.export import export
from dagster_project.cli.forget import forget
from dagster_project.cli.health import health
from dagster_project.cli.job import job
from dagster_project.cli.jobs import jobs
from dagster_project.cli.label import label
from dagster_project.cli.load_answers import load_answers_command
from dagster_project.cli.prune import prune
from dagster_project.cli.psql import psql
from dagster_project.cli.publish import publish_command, unpublish_command
from dagster_project.cli.report import report
from dagster_project.cli.score import score_command
from dagster_project.cli.semantic import semantic
from dagster_project.cli.setup import setup, stop
from dagster_project.cli.shared import EXIT_CODES, command, examples, explanation, fail
from dagster_project.cli.snapshot import snapshot
from dagster_project.cli.status import status
from dagster_project.cli.ui import ui

START, WORK, LOOK, DELIVER = "Start", "Work", "Look", "Deliver"


class Commands(TyperGroup):
    """The commands; ``--quiet`` counts wherever it stands."""

    # The class of the context is private to typer; typer.Context is made from it.
    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Read the arguments, ``--quiet`` first, because it is an option of the group."""
        return super().parse_args(ctx, sorted(args, key=lambda argument: argument != "--quiet"))

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401  as above
        """Run the command; where it is stopped before anything is in work, say so."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            fail(f"Stopped. What is done stays done; again: beacon {command.get()}", STOPPED)
        # Of any class: what a user or the machine caused is told in words, the rest goes on.
        except Exception as error:
            told = explanation(error)
            if told is None:
                raise
            fail(*told)


def _print_version(wanted: bool) -> None:  # noqa: FBT001  typer calls it so
    if wanted:
        from importlib.metadata import version

        console.out.print(f"beacon {version('beacon-analytics')}", highlight=False)
        raise typer.Exit


def _be_unoptimized() -> None:
    """Begin again without PYTHONOPTIMIZE: charts need the docstrings that it takes away."""
    if os.environ.pop("PYTHONOPTIMIZE", None) and sys.flags.optimize:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  itself


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
    context: typer.Context,
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
    _be_unoptimized()
    console.out.quiet = quiet
    command.set(context.invoked_subcommand or "")


app.command(
    rich_help_panel=START,
    epilog=examples(
        ("demo", "600 jobs, about three minutes"),
        ("demo --jobs 120", "a smaller one"),
    ),
)(demo)
app.command(
    rich_help_panel=START,
    epilog=examples(("setup", "on the databases that BEACON_*_URL name")),
)(setup)
app.command(
    rich_help_panel=START,
    epilog=examples(("stop", "free the memory; the data stays")),
)(stop)
app.command(
    rich_help_panel=LOOK,
    epilog=examples(
        ("status", "tables"),
        ("status --json --hashes", "for scripts, with content hashes"),
        ("status --prometheus --to beacon.prom", "for node_exporter"),
    ),
)(status)
app.command(
    rich_help_panel=LOOK,
    epilog=examples(
        ("health", "0 while schedules and sensors can tick"),
        ("health --json", "for scripts"),
    ),
)(health)
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
        ("backfill --jobs 4", "four chunks side by side"),
        ("backfill --launch", "on the workers of Dagster's instance"),
        ("backfill --dry-run", "show the plan only"),
        ("backfill --json", "for scripts: what was done, by day"),
    ),
)(backfill)
app.command(
    "load-answers",
    rich_help_panel=WORK,
    epilog=examples(
        ("load-answers answers.parquet", "columns job, region, model, question, text"),
        ("load-answers a.ndjson --note 'language is region'", "what stands in for what"),
    ),
)(load_answers_command)
app.command(
    "score",
    rich_help_panel=WORK,
    epilog=examples(
        ("score --input answers.ndjson --output scores.parquet", "per answer"),
        ("score --input a.parquet --output jobs.ndjson --jobs", "per job"),
    ),
)(score_command)
app.command(
    rich_help_panel=WORK,
    epilog=examples(
        ("label", "how well the rules tell refusals"),
        ("label --sample 200", "answers to label, into to_label.csv"),
        ("label --import to_label.csv --by ada", "take your labels in"),
    ),
)(label)
app.command(
    rich_help_panel=WORK,
    epilog=examples(
        ("semantic", "which days ask for the semantic measure"),
        ("semantic --from 2025-09-01 --to 2025-09-30", "ask for a month; then backfill"),
    ),
)(semantic)
app.command(
    rich_help_panel=WORK,
    epilog=examples(
        ("forget --job ID --reason 'asked by letter' --dry-run", "what would go"),
        ("forget --job ID --reason 'asked by letter'", "remove it; asks first"),
    ),
)(forget)
app.command(
    rich_help_panel=WORK,
    epilog=examples(
        ("prune", "what is older than 90 days, and how much"),
        ("prune --older-than 30 --yes", "delete what is older than 30"),
        ("prune --raw-older-than 6mo", "also receipts of whole months"),
    ),
)(prune)
app.command(
    rich_help_panel=LOOK,
    epilog=examples(
        ("jobs", "the newest ones"),
        ("jobs --verdict difference_detected", "whose regions differ"),
        ("jobs --state lost --from 2025-10-01", "without an analysis, from that day on"),
    ),
)(jobs)
app.command(
    rich_help_panel=LOOK,
    epilog=examples(
        ("job ID", "tables"),
        ("job ID --json", "for scripts"),
    ),
)(job)
app.command(
    rich_help_panel=LOOK,
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        ("psql", "on the warehouse"),
        ("psql -c 'table analytics.job_status'", "one statement"),
    ),
)(psql)
app.command(
    rich_help_panel=LOOK,
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        ("dbt ls", "names of models, seeds and tests"),
        ("dbt show -s job_status", "some rows"),
        ("dbt test --from 2025-10-01 --to 2025-10-31", "data tests of a month"),
        ("dbt docs generate", "dbt's own pages, into BEACON_HOME"),
    ),
)(dbt)
app.command(
    rich_help_panel=LOOK,
    epilog=examples(
        ("ui", "http://127.0.0.1:3000"),
        ("ui --port 3001", "when 3000 is taken"),
        ("ui --host 192.0.2.7", "on another of this machine's addresses"),
    ),
)(ui)
app.command(
    rich_help_panel=DELIVER,
    epilog=examples(
        ("report", "all days, into BEACON_HOME/reports"),
        ("report --from 2025-10-01 --to 2025-10-31", "October"),
        ("report --job ID", "answers side by side"),
    ),
)(report)
app.command(
    rich_help_panel=DELIVER,
    epilog=examples(
        ("browse --open", "all jobs, beside the reports"),
        ("browse --from 2025-10-01", "from that day on"),
    ),
)(browse)
app.command(
    rich_help_panel=DELIVER,
    epilog=examples(
        ("snapshot", "into the folder BEACON_HOME/snapshot"),
        ("snapshot --output march", "into the folder march"),
    ),
)(snapshot)
app.command(
    rich_help_panel=DELIVER,
    epilog=examples(
        ("connect", "the login `analyst`"),
        ("connect ada", "another one"),
    ),
)(connect)
app.command(
    rich_help_panel=DELIVER,
    epilog=examples(
        ("export job_status --to jobs.xlsx", "a whole table"),
        ("export executions_unified --to us.csv --where \"region = 'US'\"", "some rows"),
    ),
)(export)
app.command(
    "publish",
    rich_help_panel=DELIVER,
    epilog=examples(
        ("publish --dry-run", "what would be written"),
        ("publish --job ID", "one job"),
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
        ("doctor --alert", "and a test message to those who are told of failures"),
    ),
)(doctor)
