"""Taking a snapshot: one moment of the warehouse as one folder of files, whole or not at all."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from dagster_project.deliver.one_job import Row, snapshot
from dagster_project.deliver.report.read import read_provenance
from dagster_project.deliver.snapshot.catalog import Relation, relations
from dagster_project.deliver.snapshot.files import (
    DICTIONARY,
    build_database,
    write_dictionary,
    write_relation,
)
from dagster_project.outputs import Place, folder_size, remove_empty, written_folder
from dagster_project.postgres import advisory_lock
from dagster_project.warehouse import SETUP_LOCK

MARKER = "snapshot.json"
DUCKDB_FILE = "beacon.duckdb"
README = Path(__file__).with_name("readme_template.md")

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Snapshot:
    """A finished snapshot.

    Attributes:
        taken_at: Moment of the warehouse that it shows, ISO 8601 in UTC.
        rows: Rows by name of relation.
        size_bytes: Of all files.
    """

    folder: Place
    taken_at: str
    rows: Mapping[str, int]
    size_bytes: int
    seconds: float


def default_folder(root: Place) -> Place:
    """Return the folder of a snapshot that names none, below the folder of the outputs."""
    return root / "snapshot"


def snapshots_in(root: Place) -> list[tuple[Place, list[Place]]]:
    """Return the snapshots right below a folder, each with its own files, of which one is there."""
    return [
        (marker.parent, _own_files(marker))
        for marker in sorted(root.glob(f"*/{MARKER}"))
        if not marker.parent.is_symlink()
    ]


def _own_files(marker: Place) -> list[Place]:
    folder = marker.parent
    names = [*json.loads(marker.read_text(encoding="utf-8"))["rows"], DICTIONARY]
    # The marker last: while it stands, what is left is known as a snapshot's.
    wanted = [*(folder / "parquet" / f"{name}.parquet" for name in names)]
    wanted += [folder / "README.md", folder / DUCKDB_FILE, marker]
    return [file for file in wanted if file.is_file() and not file.is_symlink()]


def delete_snapshot(folder: Place) -> None:
    """Delete the files of a snapshot, and its folders where nothing else lies in them."""
    for file in _own_files(folder / MARKER):
        file.unlink()
    for emptied in (folder / "parquet", folder):
        remove_empty(emptied)


def take_snapshot(
    url: str, folder: Place, batch_rows: int, progress: Progress = lambda _done, _total: None
) -> Snapshot:
    """Write every relation that analysts read as DuckDB and Parquet.

    Args:
        url: libpq URL of the warehouse, as owner.
        folder: Replaced as a whole when everything is written; until then its old files stay.
        batch_rows: Rows held in memory at a time.
        progress: Called with relations written and all relations.

    Raises:
        ForeignFolderError: The folder holds something that is no snapshot.
        UnknownTypeError: A relation has a column of a type that cannot be written.
    """
    start = time.monotonic()
    with written_folder(url, folder, MARKER) as new:
        parquet = new / "parquet"
        parquet.mkdir()
        parts = {}
        # Views are built anew by a setup: not while their catalog is read.
        with (
            advisory_lock(url, SETUP_LOCK, shared=True),
            snapshot(url, "snapshot") as connection,
        ):
            provenance = read_provenance(connection)
            found = relations(connection)
            for done, relation in enumerate(found, start=1):
                file = parquet / f"{relation.name}.parquet"
                parts[relation] = write_relation(connection, relation, file, batch_rows)
                progress(done, len(found))
        write_dictionary(found, parquet)
        build_database(new / DUCKDB_FILE, parts, parquet, new / "scratch")
        rows = {one.name: sum(part.rows for part in parts[one]) for one in found}
        (new / "README.md").write_text(_readme(found, rows, provenance), encoding="utf-8")
        taken_at = provenance["read_at"].isoformat(timespec="seconds")
        document = {"taken_at": taken_at, "rows": rows}
        (new / MARKER).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        size = folder_size(new)
    return Snapshot(folder, taken_at, rows, size, time.monotonic() - start)


def _readme(found: Sequence[Relation], rows: Mapping[str, int], provenance: Row) -> str:
    """What a snapshot is and how to read it; the same for the same data."""
    contents = "\n\n".join(
        f"## {relation.name}\n\n{rows[relation.name]:,} rows. {relation.description}"
        for relation in found
    )
    text = Template(README.read_text(encoding="utf-8"))
    return text.substitute(origin=_origin(provenance), contents=contents)


def _origin(provenance: Row) -> str:
    if provenance["synthetic_jobs"]:
        return (
            f"**Synthetic:** {provenance['synthetic_jobs']:,} jobs were made up by `beacon demo`. "
            "They say nothing about any model."
        )
    if provenance["file_jobs"]:
        note = provenance["file_note"] or "no note"
        return f"{provenance['file_jobs']:,} jobs were loaded from files of answers ({note})."
    return "Made from the runner's jobs."
