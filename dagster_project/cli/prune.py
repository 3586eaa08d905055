"""The command ``beacon prune``: what it shows, deletes and returns to the shell."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import USAGE, AsJson, fail, print_json, warehouse_databases
from dagster_project.console import out, table

if TYPE_CHECKING:
    import dagster as dg

    from dagster_project.outputs import Place
    from dagster_project.settings import Settings
    from dagster_project.stage import Databases

DAYS = 90
MB = 1_000_000
AGE = re.compile(r"[1-9]\d{0,3}(d|w|mo|y)")
"""As polars writes a length of time."""
KINDS = {
    "run": "runs",
    "report": "reports",
    "snapshot": "snapshots",
    "month": "months of receipts, kept in raw/*.parquet",
}
"""What may go, in the words of the table."""


@dataclass(frozen=True)
class Old:
    """Something that may go; its age is that of its last change, UTC."""

    kind: str
    name: str
    changed_at: datetime
    size_bytes: int


def prune(
    *,
    older_than: Annotated[int, typer.Option(min=1, help="Days since it was last changed.")] = DAYS,
    raw_older_than: Annotated[
        str | None,
        typer.Option(
            help="Also move receipts of whole months before that to Parquet: 6mo, 90d, 1y."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; else only show.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show, or delete, old runs of Dagster, reports and snapshots of BEACON_OUTPUT_URL.

    With --raw-older-than receipts move to Parquet files and leave the warehouse.

    Stays: what the UI and the ledger know job_days from, however old, and every file that beacon
    did not write.
    """
    from dagster_project.orchestrate.instance import dagster_instance
    from dagster_project.settings import Settings

    settings = Settings()
    before = datetime.now(UTC) - timedelta(days=older_than)
    raw_before = None if raw_older_than is None else _day_before_now(raw_older_than)
    with warehouse_databases(settings) as urls, dagster_instance(settings) as instance:
        found = [*_runs(settings, instance, urls.warehouse, before), *old_outputs(settings, before)]
        if raw_before is not None:
            found += _months(settings, urls, raw_before)
        if yes:
            for _, delete in found:
                delete()
    _show([old for old, _ in found], is_deleted=yes, as_json=as_json)


def _runs(
    settings: "Settings", instance: "dg.DagsterInstance", warehouse: str, before: datetime
) -> list[tuple[Old, Callable[[], None]]]:
    from dagster_project.backfill import ledger
    from dagster_project.orchestrate.retention import delete_run, old_runs
    from dagster_project.postgres import connect

    with connect(warehouse, application="prune", read_only=True) as connection:
        named = {row.run_id for row in ledger.read(connection) if row.run_id is not None}
    is_ours = settings.dagster_home is None
    return [
        (
            Old("run", f"{run.run_id} ({run.job})", run.changed_at, run.size_bytes),
            partial(delete_run, instance, run.run_id),
        )
        for run in old_runs(instance, before, named, is_ours=is_ours)
    ]


def _day_before_now(age: str) -> date:
    """Return the day (UTC) that is so long ago."""
    import polars as pl

    if not AGE.fullmatch(age):
        fail(f"--raw-older-than {age} is no age. Write it as 6mo, 90d, 26w or 1y.", USAGE)
    return date.fromisoformat(
        str(pl.Series([datetime.now(UTC).date()]).dt.offset_by(f"-{age}").item())
    )


def _months(
    settings: "Settings", urls: "Databases", before: date
) -> list[tuple[Old, Callable[[], None]]]:
    from dagster_project.archive.receipts import archive_month, months_before
    from dagster_project.outputs import output_root

    root = output_root(settings)
    return [
        (
            Old(
                "month",
                f"{month.first_day:%Y-%m} ({len(month.days)} job_days)",
                datetime.combine(month.window.end, time(), UTC),
                month.receipt_bytes,
            ),
            partial(archive_month, urls.warehouse, root, month, settings.batch_rows),
        )
        for month in months_before(urls, before)
    ]


def old_outputs(settings: "Settings", before: datetime) -> list[tuple[Old, Callable[[], None]]]:
    """Return reports and snapshots last changed before a moment, and how to delete each."""
    from dagster_project.deliver.report.make import reports_in
    from dagster_project.deliver.snapshot.take import delete_snapshot, snapshots_in
    from dagster_project.outputs import output_roots

    found: list[tuple[Old, Callable[[], None]]] = []
    for root in output_roots(settings):
        found += [(_old("report", file, [file]), file.unlink) for file in reports_in(root)]
        found += [
            (_old("snapshot", folder, files), partial(delete_snapshot, folder))
            for folder, files in snapshots_in(root)
        ]
    return [(old, delete) for old, delete in found if old.changed_at < before]


def _old(kind: str, path: "Place", files: "Sequence[Place]") -> Old:
    stats = [file.stat() for file in files]
    changed_at = datetime.fromtimestamp(max(one.st_mtime for one in stats), UTC)
    return Old(kind, str(path), changed_at, sum(one.st_size for one in stats))


def _show(found: Sequence[Old], *, is_deleted: bool, as_json: bool) -> None:
    if as_json:
        print_json({"deleted": is_deleted, "found": [asdict(old) for old in found]})
        return
    kinds = {kind: [old for old in found if old.kind == kind] for kind in KINDS}
    rows = [
        (KINDS[kind], len(olds), f"{sum(old.size_bytes for old in olds) / MB:,.1f}")
        for kind, olds in kinds.items()
        if olds or kind != "month"
    ]
    title = "Deleted" if is_deleted else "What would be deleted"
    out.print(table(title, ["what", "number", "MB"], rows))
    if found and not is_deleted:
        out.print("Nothing was deleted. To delete it: beacon prune --yes; to see each: --json")
