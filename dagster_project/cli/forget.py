"""The command ``beacon forget``: what it asks, does, shows as proof and returns to the shell."""

import sys
from dataclasses import asdict, dataclass
from functools import partial
from getpass import getuser
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import (
    BAD_ROWS,
    FAILED,
    USAGE,
    AsJson,
    fail,
    print_json,
    warehouse_databases,
)
from dagster_project.console import out, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from dagster_project.backfill.plan import DayPlan
    from dagster_project.forget.files import FileDone
    from dagster_project.forget.warehouse import Keys, Known
    from dagster_project.outputs import Place
    from dagster_project.publish.operate import Outcome
    from dagster_project.settings import Settings
    from dagster_project.stage import Databases


@dataclass(frozen=True)
class Proof:
    """What was removed, and what a search of everything finds afterwards; days in UTC."""

    job_hash: str
    days: "Sequence[date]"
    days_are_current: bool
    publications_withdrawn: int
    rows_removed: "Mapping[str, int]"
    files: "Sequence[FileDone]"
    rows_left: "Mapping[str, int]"
    files_left: "Sequence[Place]"
    is_in_runner: bool


def forget(  # noqa: PLR0913  one per option
    *,
    job: Annotated[str, typer.Option("--job", help="The job, by its id.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the tombstone.")],
    by: Annotated[str | None, typer.Option(help="Who asks; your login when not given.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove one job everywhere, for good, and prove it. There is no way back.

    Rows, scores, statistics, labels, publications, reports and the snapshot; its day is made again
    without it. A tombstone keeps later extracts from bringing it back.
    """
    from dagster_project.backfill.stages import present_versions
    from dagster_project.forget.files import files_of
    from dagster_project.forget.warehouse import look
    from dagster_project.postgres import connect
    from dagster_project.settings import Settings
    from dagster_project.warehouse import installed_versions, setup_fault

    settings = Settings()
    with warehouse_databases(settings) as urls:
        with connect(urls.warehouse, application="forget", read_only=True) as connection:
            fault = setup_fault(installed_versions(connection), present_versions())
        if fault is not None:
            fail(fault, FAILED)
        known = look(urls, job)
        _require(urls, settings, known)
        if dry_run or not (yes or as_json):
            _show_plan(known, files_of(settings, urls.warehouse, known.keys, removes=False))
        if dry_run:
            return
        if not yes:
            _confirm(job)
        proof = _carry_out(urls, settings, known, reason, by or getuser())
    _show(proof, as_json=as_json)


def _require(urls: "Databases", settings: "Settings", known: "Known") -> None:
    from dagster_project.deliver.one_job import near_matches

    job = known.keys.job_id
    if not known.is_anything:
        similar = ", ".join(near_matches(urls.warehouse, job))
        fail(f"No job {job} anywhere. Similar: {similar or 'none'}.", FAILED)
    if known.published and settings.publish_url is None:
        fail(
            f"Nothing was removed: rows that beacon published of {job} stand in the runner's "
            "tables. Set BEACON_PUBLISH_URL, so that they are withdrawn, too, and run this again.",
            FAILED,
        )


def _show_plan(known: "Known", files: "Sequence[FileDone]") -> None:
    rows = [(f"rows of {name}", number) for name, number in known.rows.items()]
    rows += [(f"{one.path}: {one.action}", 1) for one in files]
    out.print(table(f"What is known of {known.keys.job_id}", ["what", "number"], rows))
    if known.published:
        out.print("Its publications are withdrawn from the runner's tables.")
    if known.is_in_source:
        out.print("The runner's own rows stay: delete them there. Extracts leave them out.")


def _confirm(job: str) -> None:
    if not sys.stdin.isatty():
        fail("Nothing was removed. To remove it without being asked: --yes", USAGE)
    typed = typer.prompt("To remove all this for good, type the id of the job", err=True)
    if typed != job:
        fail("Nothing was removed: that is another id.", USAGE)


def _carry_out(
    urls: "Databases", settings: "Settings", known: "Known", reason: str, by: str
) -> "Proof":
    """Remove everything, make the days again, and return what can be found afterwards."""
    from dagster_project.extract.forgotten import job_hash
    from dagster_project.forget.files import files_of
    from dagster_project.forget.warehouse import remove, search

    job = known.keys.job_id
    withdrawn = _withdraw(urls, settings, known)
    keys, removed = remove(urls.warehouse, job, reason, by)
    days_are_current = _make_again(urls, settings, keys, had_labels="ops.answer_labels" in removed)
    # Last, because until now somebody could have written a report.
    files = files_of(settings, urls.warehouse, keys, removes=True)
    rows_left = search(urls.warehouse, keys)
    return Proof(
        job_hash=job_hash(job),
        days=keys.days,
        days_are_current=days_are_current,
        publications_withdrawn=withdrawn,
        rows_removed=removed,
        files=files,
        rows_left=rows_left,
        files_left=[one.path for one in files_of(settings, urls.warehouse, keys, removes=False)],
        is_in_runner=known.is_in_source,
    )


def _withdraw(urls: "Databases", settings: "Settings", known: "Known") -> int:
    """Delete what was published of the job; return of how many kinds something stood there."""
    from dagster_project.publish.executions import publish_executions
    from dagster_project.publish.operate import RefusedError, unpublish
    from dagster_project.publish.store import Scope

    operations: Mapping[str, Callable[..., Iterator[Outcome]]] = {
        "analyses": unpublish,
        "executions": partial(publish_executions, withdraws=True),
    }
    withdrawn = 0
    for kind in sorted(known.published):
        try:
            outcomes = operations[kind](
                urls.warehouse,
                settings.require("publish_url"),
                Scope(job_id=known.keys.job_id),
                settings.publish_rows,
                dry_run=False,
            )
            withdrawn += len(list(outcomes))
        except RefusedError as error:
            fail(str(error), FAILED)
    return withdrawn


def _make_again(urls: "Databases", settings: "Settings", keys: "Keys", *, had_labels: bool) -> bool:
    """Make the job's days without it; tell whether all of them are current."""
    from dagster_project.analyse.window import judge_again
    from dagster_project.backfill.plan import State, chunks, current_plan
    from dagster_project.backfill.stages import present_versions
    from dagster_project.cli.backfill import Prepared, carry_out
    from dagster_project.partitions import Window
    from dagster_project.warehouse import steady_setup

    def waiting() -> "list[DayPlan]":
        windows = [Window.of_day(day) for day in keys.days]
        found = [day for window in windows for day in current_plan(urls, window)]
        return [day for day in found if day.state is not State.CURRENT]

    days = waiting()
    todo = list(chunks(days, keys.days, 1))
    if todo:
        carry_out(
            settings, urls, Prepared(days, todo, (), only_needed=True, reason="beacon forget")
        )
    if had_labels:
        with steady_setup(urls.warehouse, present_versions()):
            judge_again(urls.warehouse)
    return not waiting()


def _show(proof: "Proof", *, as_json: bool) -> None:
    """Print what was removed from where, and what a search finds now."""
    left = sum(proof.rows_left.values()) + len(proof.files_left)
    if as_json:
        print_json(asdict(proof))
    else:
        _print(proof, left)
    if left:
        named = [name for name, rows in proof.rows_left.items() if rows]
        fail(
            f"{left} places still name the job, in rows of others: "
            f"{', '.join([*named, *map(str, proof.files_left)])}",
            BAD_ROWS,
        )
    if not proof.days_are_current:
        fail("Its days are not made again: beacon plan", BAD_ROWS)


def _print(proof: "Proof", left: int) -> None:
    rows = [
        (name, proof.rows_removed.get(name, 0), rows_left)
        for name, rows_left in proof.rows_left.items()
    ]
    out.print(table("Rows of the job by table", ["table", "removed", "left"], rows))
    if proof.files:
        files = [(str(one.path), one.action) for one in proof.files]
        out.print(table("Files", ["file", "what became of it"], files))
    days = ", ".join(day.isoformat() for day in proof.days) or "none"
    lines = (
        f"Publications withdrawn: {proof.publications_withdrawn}. Days made again: {days}.",
        f"Found now in {len(rows)} tables and the files of BEACON_HOME: {left}.",
        f"Tombstone {proof.job_hash}: no extract brings it back.",
        "The runner's own rows stay; delete them there." if proof.is_in_runner else "",
        "Not known here: backups, and files that --output put elsewhere.",
    )
    for line in filter(None, lines):
        out.print(line, soft_wrap=True, highlight=False)
