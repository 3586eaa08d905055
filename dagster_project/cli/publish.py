"""The commands ``beacon publish`` and ``beacon unpublish``: options and what they print."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import (
    FAILED,
    USAGE,
    AsJson,
    FromDay,
    ToDay,
    fail,
    print_json,
    warehouse_databases,
    window_of,
)
from dagster_project.console import out, progress, table

if TYPE_CHECKING:
    from dagster_project.publish.operate import Outcome
    from dagster_project.publish.store import Scope

SHOWN_JOBS = 20

JobId = Annotated[str | None, typer.Option("--job", help="Only this job (jobspec_id).")]
Executions = Annotated[
    bool,
    typer.Option(
        "--executions",
        help="Rows of executions for jobs of the lost days, instead of analyses.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would be done.")]


def publish_command(  # noqa: PLR0913  one per option
    *,
    first: FromDay = None,
    last: ToDay = None,
    job: JobId = None,
    executions: Executions = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write the analyses that the runner has none of into its own tables.

    Its bias page shows them then. Needs BEACON_PUBLISH_URL. Safe to repeat. Jobs that have none are
    listed with the reason.
    """
    from dagster_project.publish.executions import publish_executions
    from dagster_project.publish.operate import publish

    operation = publish_executions if executions else publish
    jobs = _carry_out(operation, _scope(first, last, job), dry_run=dry_run, as_json=as_json)
    if job is not None and not jobs:
        fail(f"The warehouse does not hold {job}. Run beacon backfill first.", FAILED)


def unpublish_command(  # noqa: PLR0913  one per option
    *,
    first: FromDay = None,
    last: ToDay = None,
    job: JobId = None,
    executions: Executions = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Delete exactly what beacon publish wrote into the runner's tables."""
    from dagster_project.publish.executions import publish_executions
    from dagster_project.publish.operate import unpublish

    operation = partial(publish_executions, withdraws=True) if executions else unpublish
    jobs = _carry_out(operation, _scope(first, last, job), dry_run=dry_run, as_json=as_json)
    if job is not None and not jobs:
        _require_known(job)


def _require_known(job: str) -> None:
    """Tell a job of which nothing is published from one that there is not."""
    from dagster_project.deliver.one_job import near_matches
    from dagster_project.settings import Settings

    with warehouse_databases(Settings()) as urls:
        similar = near_matches(urls.warehouse, job)
    if job not in similar:
        fail(f"No job {job} in the warehouse. Similar: {', '.join(similar) or 'none'}.", FAILED)


def _carry_out(
    operation: "Callable[..., Iterator[Outcome]]", scope: "Scope", *, dry_run: bool, as_json: bool
) -> int:
    """Publish or withdraw, print what happened, and return the number of jobs."""
    from dagster_project.publish.operate import RefusedError
    from dagster_project.settings import Settings

    settings = Settings()
    with warehouse_databases(settings) as urls:
        outcomes = operation(
            urls.warehouse,
            settings.require("publish_url"),
            scope,
            settings.publish_rows,
            dry_run=dry_run,
        )
        try:
            return _show(outcomes, dry_run=dry_run, as_json=as_json)
        except RefusedError as error:
            fail(str(error), FAILED)


def _scope(first: str | None, last: str | None, job: str | None) -> "Scope":
    from dagster_project.publish.store import Scope

    window = window_of(first, last)
    if window is not None and job is not None:
        fail("Give either --job, or --from and --to.", USAGE)
    return Scope(window, job)


def _show(outcomes: "Iterator[Outcome]", *, dry_run: bool, as_json: bool) -> int:
    """Print what happened to the jobs, and return how many there were."""
    if as_json:
        jobs = [asdict(outcome) for outcome in outcomes]
        counts = Counter(job["action"] for job in jobs)
        print_json({"dry_run": dry_run, "counts": counts, "jobs": jobs})
        return len(jobs)
    return _show_tables(outcomes, dry_run=dry_run)


def _show_tables(outcomes: "Iterator[Outcome]", *, dry_run: bool) -> int:
    from dagster_project.publish.decide import UNPUBLISHED

    counts: Counter[str] = Counter()
    reasons: Counter[str | None] = Counter()
    left_out: list[Outcome] = []
    with progress() as bar:
        task = bar.add_task("Jobs", total=None)
        for outcome in outcomes:
            bar.advance(task)
            counts[outcome.action] += 1
            if outcome.reason not in (None, UNPUBLISHED):
                reasons[outcome.reason] += 1
                left_out += [outcome] if len(left_out) < SHOWN_JOBS else []
    title = "What would be done (nothing was written)" if dry_run else "Done"
    out.print(table(title, ["jobs are", "count"], list(counts.items())))
    if left_out:
        out.print(table("Jobs left out", ["reason", "jobs"], reasons.most_common()))
        out.print(
            table(
                f"First {len(left_out)} of {reasons.total()} (all of them: --json)",
                ["job", "explanation"],
                [(one.job_id, one.explanation) for one in left_out],
            )
        )
    return counts.total()
