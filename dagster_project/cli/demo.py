"""The command ``beacon demo``: the whole pipeline on a labelled-synthetic runner database."""

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli import STOPPED
from dagster_project.cli.shared import FAILED, fail, warehouse_databases
from dagster_project.console import out, program, progress

if TYPE_CHECKING:
    from collections.abc import Callable

    import dagster as dg
    from rich.progress import Progress

    from dagster_project.settings import Settings
    from dagster_project.stage import Databases

START_MINUTES, JOBS_PER_MINUTE = 1, 300


def demo(
    jobs: Annotated[int, typer.Option(min=52, help="Jobs in the synthetic database.")] = 600,
) -> None:
    """Run the whole pipeline on a labelled-synthetic runner database. Safe to repeat."""
    from dagster_project.cli.holdings import read_holdings, read_telling_jobs
    from dagster_project.cli.printing import print_holdings, print_next_steps, print_telling_jobs
    from dagster_project.orchestrate.instance import dagster_instance
    from dagster_project.settings import Settings

    settings = Settings()
    minutes = START_MINUTES + ceil(jobs / JOBS_PER_MINUTE)
    out.print(
        f"The first time {jobs:,} jobs take about {minutes} minutes; what is done is not repeated.",
        highlight=False,
    )
    with warehouse_databases(settings, start_demo=True) as urls:
        with progress() as bar:
            _generate(bar, urls, jobs)
            with dagster_instance(settings) as instance:
                _process(bar, settings, urls, instance)
        print_holdings(read_holdings(urls.warehouse))
        print_telling_jobs(read_telling_jobs(urls.warehouse))
        print_next_steps()


def _generate(bar: "Progress", urls: "Databases", jobs: int) -> None:
    from dagster_project.runner_db.load import NotSyntheticError, generate, present_days_later
    from dagster_project.runner_db.spec import RunnerSpec, days_later

    task = bar.add_task("1/3 Synthetic runner database", total=jobs)
    later = present_days_later(urls.runner)
    if later is None:
        # The history ends yesterday, and stays there: another day's demo repeats nothing.
        later = days_later(datetime.now(UTC).date() - timedelta(days=1))
    try:
        generate(
            urls.runner,
            RunnerSpec(jobs=jobs, days_later=later),
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    except NotSyntheticError as error:
        fail(str(error), FAILED)
    bar.update(task, completed=bar.tasks[task].total)


def _process(
    bar: "Progress", settings: "Settings", urls: "Databases", instance: "dg.DagsterInstance"
) -> None:
    from dagster_project.backfill.stopping import stop_requests

    with stop_requests() as stop:
        _run(bar, settings, urls, instance, stop)


def _run(
    bar: "Progress",
    settings: "Settings",
    urls: "Databases",
    instance: "dg.DagsterInstance",
    stop: "Callable[[], bool]",
) -> None:
    from dagster_project.backfill.chunks import Order
    from dagster_project.backfill.plan import CHUNK_DAYS, TO_DO, chunks, current_plan, days_in
    from dagster_project.definitions import definitions
    from dagster_project.orchestrate.instance import run_in_process
    from dagster_project.orchestrate.launch import run_chunk

    def heed() -> None:
        if stop():
            fail("Stopped. What is done stays done; to resume: beacon demo", STOPPED)

    defs = definitions(settings.with_databases(urls.runner, urls.warehouse))
    task = bar.add_task("2/3 Warehouse: schemas, seeds, views", total=1)
    set_up = run_in_process(defs.resolve_job_def("setup"), instance)
    heed()
    _require(set_up.run_id, success=set_up.success)
    bar.update(task, completed=1)
    plan = current_plan(urls)
    todo = list(chunks(plan, days_in(plan, TO_DO), CHUNK_DAYS))
    total = sum(len(chunk.window.days) for chunk in todo)
    task = bar.add_task("3/3 Extract, unify, score, analyse (days)", total=total)
    # Another number of jobs makes another source: what it lost was made here, too.
    job = defs.resolve_job_def("backfill")
    for chunk in todo:
        done = run_chunk(Order(chunk, "beacon demo", accept_deletions=True), instance, job)
        if not done.success or chunk is not todo[-1]:
            heed()
        _require(done.run_id, success=done.success)
        bar.advance(task, len(chunk.window.days))


def _require(run_id: str | None, *, success: bool) -> None:
    if not success:
        message = (
            f"Dagster run {run_id} failed. Look at it with `{program()} ui`, or at the days "
            f"with `{program()} status`; `{program()} demo` again resumes."
        )
        fail(message, FAILED)
