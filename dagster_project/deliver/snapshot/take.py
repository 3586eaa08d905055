"""Taking a snapshot: one moment of the warehouse as one folder of files, whole or not at all."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.deliver.report.read import read_provenance
from dagster_project.deliver.snapshot.catalog import Relation, relations
from dagster_project.deliver.snapshot.duck import DICTIONARY, build_database
from dagster_project.deliver.snapshot.folder import replaced_folder
from dagster_project.deliver.snapshot.parquet import COMPRESSION, write_relation
from dagster_project.deliver.snapshot.readme import readme
from dagster_project.postgres import advisory_lock, connect
from dagster_project.warehouse import SETUP_LOCK

MARKER = "snapshot.json"
DUCKDB_FILE = "beacon.duckdb"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Snapshot:
    """A finished snapshot.

    Attributes:
        folder: Where it lies.
        taken_at: Moment of the warehouse that it shows, ISO 8601 in UTC.
        rows: Rows by name of relation.
        size_bytes: Size of all files.
        seconds: How long it took.
    """

    folder: Path
    taken_at: str
    rows: Mapping[str, int]
    size_bytes: int
    seconds: float


def default_folder(home: Path) -> Path:
    """Return the folder of a snapshot that names none.

    Args:
        home: The project's local state folder.
    """
    return home / "snapshot"


def take_snapshot(
    url: str, folder: Path, batch_rows: int, progress: Progress = lambda _done, _total: None
) -> Snapshot:
    """Write every relation that analysts read as DuckDB and Parquet.

    Args:
        url: libpq URL of the warehouse, as owner.
        folder: Replaced as a whole when everything is written; until then its old files stay.
        batch_rows: Rows held in memory at a time.
        progress: Called with relations written and all relations.

    Returns:
        What was written.

    Raises:
        ForeignFolderError: The folder holds something that is no snapshot.
        UnknownTypeError: A relation has a column of a type that cannot be written.
    """
    start = time.monotonic()
    with replaced_folder(folder, MARKER) as new:
        parquet = new / "parquet"
        parquet.mkdir()
        # Views are built anew by a setup: not while their catalog is read.
        with (
            advisory_lock(url, SETUP_LOCK, shared=True),
            connect(url, application="snapshot", read_only=True) as connection,
        ):
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            provenance = read_provenance(connection, date.min, date.max)
            found = relations(connection)
            rows = _write_parquet(connection, found, parquet, batch_rows, progress)
        build_database(new / DUCKDB_FILE, found, parquet, new / "scratch")
        (new / "README.md").write_text(readme(found, rows, provenance), encoding="utf-8")
        taken_at = provenance.read_at.isoformat(timespec="seconds")
        document = {"taken_at": taken_at, "rows": rows}
        (new / MARKER).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Snapshot(folder, taken_at, rows, size, time.monotonic() - start)


def _write_parquet(
    connection: psycopg.Connection[Any],
    found: Sequence[Relation],
    folder: Path,
    batch_rows: int,
    progress: Progress,
) -> dict[str, int]:
    rows = {}
    for done, relation in enumerate(found, start=1):
        file = folder / f"{relation.name}.parquet"
        rows[relation.name] = write_relation(connection, relation, file, batch_rows)
        progress(done, len(found))
    pq.write_table(dictionary(found), folder / f"{DICTIONARY}.parquet", compression=COMPRESSION)
    return rows


def dictionary(found: Sequence[Relation]) -> pa.Table:
    """Return the data dictionary.

    Args:
        found: The relations.

    Returns:
        One row per relation and column.
    """
    return pa.Table.from_pylist(
        [
            {
                "relation": relation.name,
                "relation_description": relation.description,
                "position": column.position,
                "column_name": column.column_name,
                "data_type": column.type.duckdb,
                "description": column.description,
            }
            for relation in found
            for column in relation.columns
        ]
    )
