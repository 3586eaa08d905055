"""``beacon demo``: the whole pipeline on a labelled-synthetic runner database.

Belongs here: the order of the steps and what is shown. Does not belong here: any of the steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
from rich.progress import Progress

from dagster_project.backfill.launch import run_chunks
from dagster_project.backfill.operate import TO_DO, current_plan
from dagster_project.backfill.plan import chunks, days_in
from dagster_project.backfill.stages import Databases
from dagster_project.console import progress
from dagster_project.definitions import defs
from dagster_project.environment import databases
from dagster_project.instance import dagster_instance, run_in_process
from dagster_project.runner_db.load import NotSyntheticError, generate
from dagster_project.runner_db.spec import RunnerSpec
from dagster_project.settings import Settings
from dagster_project.status import Holdings, read_holdings

CHUNK_DAYS = 31


class DemoError(RuntimeError):
    """A step of the demo failed; the message names the run to look at."""


@dataclass(frozen=True)
class DemoResult:
    """What the demo made."""

    databases: Databases
    holdings: Holdings


def run_demo(jobs: int) -> DemoResult:
    """Generate a runner database, run the pipeline on it and count the result.

    Args:
        jobs: Jobs in the synthetic runner database.

    Returns:
        The counts; the same however often it runs.

    Raises:
        DemoError: A Dagster run failed.
    """
    settings = Settings()
    with progress() as bar, databases(start_demo=True) as urls:
        try:
            _generate(bar, urls, jobs)
        except NotSyntheticError as error:
            raise DemoError(str(error)) from error
        with dagster_instance(settings.home) as instance:
            _build_structure(bar, instance)
            _process_days(bar, urls, instance)
        return DemoResult(urls, read_holdings(urls.warehouse))


def _generate(bar: Progress, urls: Databases, jobs: int) -> None:
    task = bar.add_task("1/3 Synthetic runner database", total=jobs)
    generate(
        urls.runner,
        RunnerSpec(jobs=jobs),
        lambda done, total: bar.update(task, completed=done, total=total),
    )
    bar.update(task, completed=bar.tasks[task].total)


def _build_structure(bar: Progress, instance: dg.DagsterInstance) -> None:
    task = bar.add_task("2/3 Warehouse: schemas, seeds, views", total=1)
    result = run_in_process(defs.resolve_job_def("structure"), instance)
    _require([(result.run_id, result.success)])
    bar.update(task, completed=1)


def _process_days(bar: Progress, urls: Databases, instance: dg.DagsterInstance) -> None:
    plan = current_plan(urls)
    todo = list(chunks(plan, days_in(plan, TO_DO), CHUNK_DAYS))
    total = sum(len(chunk.window.days) for chunk in todo)
    task = bar.add_task("3/3 Extract, unify, score, analyse (days)", total=total)
    job = defs.resolve_job_def("backfill")
    for done in run_chunks(todo, instance, job, reason="beacon demo"):
        _require([(done.run_id, done.success)])
        bar.advance(task, len(done.chunk.window.days))


def _require(runs: Sequence[tuple[str, bool]]) -> None:
    failed = [run_id for run_id, success in runs if not success]
    if failed:
        message = (
            f"Dagster run {', '.join(failed)} failed. Look at it with `make ui`, or at the days "
            "with `beacon status`; `beacon demo` again resumes."
        )
        raise DemoError(message)
