"""``beacon plan`` and ``beacon backfill``: options, progress, interruption, the closing line.

Exit codes of backfill: 0 every day that was asked for is current; 3 some days are failed or
quarantined and named; 1 a run ended otherwise; 130 stopped by Ctrl-C or SIGTERM.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project import console
from dagster_project.cli import STOPPED
from dagster_project.cli.shared import (
    BAD_ROWS,
    EXIT_CODES,
    FAILED,
    AsJson,
    FromDay,
    ToDay,
    fail,
    print_json,
    warehouse_databases,
    window_of,
)

if TYPE_CHECKING:
    from dagster_project.backfill.chunks import ChunkDone, SharedChunks
    from dagster_project.backfill.fingerprints import Source
    from dagster_project.backfill.plan import Chunk, DayPlan, Plan, State
    from dagster_project.partitions import Window
    from dagster_project.settings import Settings
    from dagster_project.stage import Databases

ChunkDays = Annotated[
    int | None,
    typer.Option(
        min=1, max=366, help="Most job_days per run; by default 92, fewer for runs at once."
    ),
]


class Only(StrEnum):
    """Which days a backfill takes; failed ones include the quarantined."""

    MISSING = "missing"
    STALE = "stale"
    FAILED = "failed"


STOP_MESSAGE = "Stopped. What is done stays done; to resume: beacon backfill"
LOOK = "To look at it: beacon ui"
REMEDIES = {
    FAILED: "beacon doctor; then: beacon backfill",
    BAD_ROWS: "beacon status says why; then: beacon backfill --only failed",
    STOPPED: "beacon backfill",
}

Jobs = Annotated[
    int | None,
    typer.Option(min=1, help="Runs at once, each a process; one per core but one by default."),
]
OnlyDays = Annotated[Only | None, typer.Option("--only", help="Take only such days.")]


@dataclass(frozen=True)
class Prepared:
    """What a backfill would do.

    Attributes:
        days: The whole plan of the window.
        todo: Runs, in order.
        seconds: Estimated time of each; None when there is no past run to go by.
        only_needed: Whether a run leaves out what is current when it gets there.
        accept_deletions: Whether days that the source has lost are emptied.
        planned_after: When the last work began that the plan knows.
        reason: Why, for each run and the ledger.
        jobs: Runs at once.
        launch: Whether the daemon launches the runs, wherever its launcher puts them.
    """

    days: "Sequence[DayPlan]"
    todo: "Sequence[Chunk]"
    seconds: Sequence[float | None]
    only_needed: bool
    accept_deletions: bool = False
    planned_after: datetime | None = None
    reason: str = "beacon backfill"
    jobs: int = 1
    launch: bool = False


def plan(
    *,
    first: FromDay = None,
    last: ToDay = None,
    only: OnlyDays = None,
    chunk_days: ChunkDays = None,
    as_json: AsJson = False,
) -> None:
    """Show which job_days a backfill would process, why, and in which runs. Changes nothing."""
    from dagster_project.backfill.plan import read_plan
    from dagster_project.settings import Settings

    window = window_of(first, last)
    with warehouse_databases(Settings()) as urls:
        prepared = _prepared(read_plan(urls, window), only, _chunk_days(chunk_days, 1))
        _show(prepared, as_json=as_json)


def backfill(  # noqa: PLR0913  each is an option
    *,
    first: FromDay = None,
    last: ToDay = None,
    only: OnlyDays = None,
    chunk_days: ChunkDays = None,
    reason: Annotated[str, typer.Option(help="Recorded with each run.")] = "beacon backfill",
    again: Annotated[
        bool, typer.Option("--again", help="Take current days, too, from their extract on.")
    ] = False,
    accept_deletions: Annotated[
        bool,
        typer.Option("--accept-deletions", help="Empty days, too, whose rows the source has lost."),
    ] = False,
    jobs: Jobs = None,
    launch: Annotated[
        bool, typer.Option("--launch", help="Let Dagster's daemon launch the runs; follow them.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Process every job_day that is not current, in runs of some days. Resumes."""
    from dagster_project.backfill.plan import note_source, read_plan
    from dagster_project.settings import Settings

    settings = Settings()
    window = window_of(first, last)
    with warehouse_databases(settings) as urls:
        workers = _free_cores() if jobs is None else jobs
        plan = read_plan(urls, window)
        prepared = replace(
            _prepared(plan, only, _chunk_days(chunk_days, workers), again=again),
            accept_deletions=accept_deletions,
            reason=reason,
            jobs=workers,
            launch=launch,
        )
        if dry_run:
            _show(prepared, as_json=as_json)
        elif not prepared.todo and not as_json:
            note_source(urls, plan, window)
            _say_that_nothing_is_to_do(prepared.days, only)
        else:
            with ExitStack() as telling:
                ended = telling.enter_context(_told_at_the_end(urls, prepared)) if as_json else []
                if prepared.todo:
                    is_all_done = carry_out(settings, urls, prepared, ended)
                    _end(urls, window, plan.source, is_all_done=is_all_done, shows=not as_json)


def _prepared(
    plan: "Plan", only: Only | None, chunk_days: Callable[[int], int], *, again: bool = False
) -> Prepared:
    from dagster_project.backfill.plan import chunks, days_in, estimated_seconds
    from dagster_project.backfill.stages import present_versions
    from dagster_project.warehouse import setup_fault

    fault = setup_fault(plan.installed, present_versions())
    if fault is not None:
        fail(fault, FAILED)
    days = [_outdated(day) for day in plan.days] if again else plan.days
    wanted = days_in(days, _states(only))
    todo = list(chunks(days, wanted, chunk_days(len(wanted))))
    seconds = [estimated_seconds(chunk, plan) for chunk in todo]
    begun = max((row.started_at for row in plan.past), default=None)
    return Prepared(days, todo, seconds, only_needed=not again, planned_after=begun)


def _chunk_days(asked: int | None, workers: int) -> Callable[[int], int]:
    """Return the most job_days per run, by the number of all job_days."""
    from dagster_project.backfill.plan import shared_chunk_days

    return lambda days: asked or shared_chunk_days(days, workers)


def _outdated(day: "DayPlan") -> "DayPlan":
    """Return a day as one that waits from its first stage on, unless a run works on it."""
    from dagster_project.backfill.plan import EXTRACT, State

    if day.state is State.RUNNING:
        return day
    return replace(day, state=State.STALE, stage=EXTRACT, reason="asked for again")


def _states(only: Only | None) -> "Collection[State]":
    from dagster_project.backfill.plan import BAD, TO_DO, State

    if only is None:
        return TO_DO
    return BAD if only is Only.FAILED else {State(only.value)}


def _show(prepared: Prepared, *, as_json: bool) -> None:
    from dagster_project.cli.printing import print_chunks, print_plan

    if as_json:
        runs = zip(prepared.todo, prepared.seconds, strict=True)
        print_json(
            {
                "days": [asdict(day) for day in prepared.days],
                "runs": [{**asdict(chunk), "estimated_seconds": time} for chunk, time in runs],
            }
        )
    else:
        print_plan(prepared.days)
        print_chunks(prepared.todo, prepared.seconds)


def _say_that_nothing_is_to_do(days: "Sequence[DayPlan]", only: Only | None) -> None:
    from dagster_project.backfill.plan import State, days_in

    which = "" if only is None else f" {only.value}"
    console.out.print(
        f"Nothing to do: {len(days_in(days, {State.CURRENT}))} of {len(days)} job_days are "
        f"current, and no{which} day waits."
    )


def carry_out(
    settings: "Settings",
    urls: "Databases",
    prepared: Prepared,
    ended: "list[ChunkDone] | None" = None,
) -> bool:
    """Do the runs, append each that has ended to `ended`; return whether all of them succeeded."""
    from dagster_project.backfill.stopping import stop_requests

    # First of all: what follows takes seconds and must not be torn apart.
    with stop_requests() as stop:
        is_all_done = True
        for done in _runs(settings, urls, prepared, stop):
            if ended is not None:
                ended.append(done)
            is_all_done = is_all_done and done.success
        return is_all_done


def _free_cores() -> int:
    """Return how many cores this process may use but one, which the databases need; at least 1."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


def _runs(
    settings: "Settings", urls: "Databases", prepared: Prepared, stop: "Callable[[], bool]"
) -> "Iterator[ChunkDone]":
    from dagster_project.backfill.chunks import SharedChunks
    from dagster_project.stage import MachineError

    chunks = SharedChunks(
        urls, prepared.todo, prepared.planned_after, only_needed=prepared.only_needed
    )
    last: ChunkDone | None = None
    left = len(prepared.todo)
    with console.progress() as bar:
        days = sum(len(chunk.window.days) for chunk in prepared.todo)
        task = bar.add_task("Job days", total=days)
        for done in _working(settings, urls, prepared, chunks, stop):
            yield done
            left -= 1
            if done.ends_all:
                last = last or done
            else:
                bar.advance(task, len(done.chunk.window.days))
    if last is not None and last.machine_fault is not None:
        raise MachineError(last.machine_fault)
    if last is not None and last.broken:
        fail(f"Run {last.run_id} ended before its days were done. {LOOK}", FAILED)
    if last is not None or (stop() and left):
        fail(STOP_MESSAGE, STOPPED)


def _working(
    settings: "Settings",
    urls: "Databases",
    prepared: Prepared,
    chunks: "SharedChunks",
    stop: "Callable[[], bool]",
) -> "Iterator[ChunkDone]":
    """Yield each chunk when it is done: here, in child processes, or where the daemon launches."""
    from dagster_project.backfill.chunks import Order
    from dagster_project.cli.side_by_side import one_by_one, side_by_side

    def order(chunk: "Chunk") -> Order:
        return Order(chunk, prepared.reason, prepared.only_needed, prepared.accept_deletions)

    jobs = min(prepared.jobs, len(prepared.todo))
    if prepared.launch:
        from dagster_project.cli.chunk_worker import opened
        from dagster_project.orchestrate.submit import submit_and_follow

        with opened(settings) as (instance, job):
            orders = [order(chunk) for chunk in prepared.todo]
            yield from submit_and_follow(orders, instance, job, urls.warehouse, stop)
    elif jobs > 1:
        yield from side_by_side(jobs, urls, chunks, order, stop)
    else:
        # Loading the definitions takes seconds, which a backfill without work must not.
        from dagster_project.unify.dbt_run import load_ahead

        load_ahead()
        from dagster_project.cli.chunk_worker import opened
        from dagster_project.orchestrate.launch import run_chunk

        with opened(settings.with_databases(urls.runner, urls.warehouse)) as (instance, job):
            yield from one_by_one(
                chunks, lambda chunk: run_chunk(order(chunk), instance, job), stop
            )


@contextmanager
def _told_at_the_end(urls: "Databases", prepared: Prepared) -> "Iterator[list[ChunkDone]]":
    """Print what was done as JSON, however the block ends; it appends each run that has ended."""
    start = perf_counter()
    ended: list[ChunkDone] = []
    code = FAILED
    try:
        yield ended
        code = 0
    except typer.Exit as end:
        code = end.exit_code
        raise
    except KeyboardInterrupt:
        code = STOPPED
        raise
    finally:
        print_json(
            {
                "exit_code": code,
                "outcome": EXIT_CODES[code],
                "remedy": REMEDIES.get(code),
                "seconds": perf_counter() - start,
                "runs": [
                    {**asdict(done.chunk), "run_id": done.run_id, "success": done.success}
                    for done in ended
                    if done.run_id is not None
                ],
                "days": _days_done(urls, prepared, {done.run_id for done in ended if done.run_id}),
            }
        )


def _days_done(
    urls: "Databases", prepared: Prepared, runs: "Collection[str]"
) -> list[dict[str, object]] | None:
    """Return the days that were asked for, and others that the runs touched, as they are now.

    None when that cannot be read any more: the command has said why.
    """
    import psycopg

    from dagster_project.backfill.plan import read_plan

    windows = [chunk.window for chunk in prepared.todo]
    if not windows:
        return []
    try:
        plan = read_plan(urls)
    except (psycopg.Error, OSError):
        return None
    made = defaultdict(list)
    for row in plan.past:
        if row.run_id in runs:
            made[row.job_day].append(row)
    return [
        {
            **asdict(day),
            "rows": {row.stage: row.row_count for row in made[day.job_day]},
            "seconds": sum(row.seconds or 0 for row in made[day.job_day]),
        }
        for day in plan.days
        if day.job_day in made or any(day.job_day in window for window in windows)
    ]


def _end(
    urls: "Databases",
    window: "Window | None",
    before: "Source",
    *,
    is_all_done: bool,
    shows: bool,
) -> None:
    from dagster_project.backfill.plan import BAD, days_in, note_source, read_plan
    from dagster_project.cli.printing import print_plan

    after = read_plan(urls, window, known=before)
    note_source(urls, after, window)
    if shows:
        print_plan(after.days)
    # A run may find a day bad that lies beside those that were asked for.
    if days_in(after.days, BAD) or not is_all_done:
        raise typer.Exit(BAD_ROWS)
