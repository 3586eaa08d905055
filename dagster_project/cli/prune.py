"""The command ``beacon prune``: what it shows, deletes and returns to the shell."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import AsJson, print_json, warehouse_databases
from dagster_project.console import out, table

if TYPE_CHECKING:
    import dagster as dg

    from dagster_project.outputs import Place
    from dagster_project.settings import Settings

DAYS = 90
MB = 1_000_000


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
    yes: Annotated[bool, typer.Option("--yes", help="Delete; else only show.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show, or delete, old runs of Dagster, reports and snapshots of BEACON_OUTPUT_URL.

    Stays: what the UI and the ledger know job_days from, however old, and every file that beacon
    did not write.
    """
    from dagster_project.orchestrate.instance import dagster_instance
    from dagster_project.settings import Settings

    settings = Settings()
    before = datetime.now(UTC) - timedelta(days=older_than)
    with warehouse_databases(settings) as urls, dagster_instance(settings) as instance:
        found = [*_runs(settings, instance, urls.warehouse, before), *old_outputs(settings, before)]
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
    kinds = {
        kind: [old for old in found if old.kind == kind] for kind in ("run", "report", "snapshot")
    }
    rows = [
        (f"{kind}s", len(olds), f"{sum(old.size_bytes for old in olds) / MB:,.1f}")
        for kind, olds in kinds.items()
    ]
    title = "Deleted" if is_deleted else "What would be deleted"
    out.print(table(title, ["what", "number", "MB"], rows))
    if found and not is_deleted:
        out.print("Nothing was deleted. To delete it: beacon prune --yes; to see each: --json")
