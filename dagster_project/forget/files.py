"""What files in BEACON_HOME and Dagster's folder say of a job: removed, or rewritten without it.

Belongs here: reports, browse, the snapshot, Dagster's history and logs. Does not belong here: the
demo's database files, which are searched as databases; files that ``--output`` put elsewhere.
"""

import html
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.archive.receipts import FOLDER, files_with_job, take_job_out
from dagster_project.deliver.browse import make as browse
from dagster_project.deliver.report.make import covers, page_name
from dagster_project.deliver.snapshot.take import MARKER, default_folder
from dagster_project.forget.warehouse import TELLING_CHARACTERS, Keys, redacted
from dagster_project.outputs import Place, output_roots, remove_folder, store_faults
from dagster_project.settings import Settings

LOCK_TIMEOUT_S = 30
_SQLITE = b"SQLite format 3\x00"
_SEARCHED_ELSEWHERE = "postgres"


@dataclass(frozen=True)
class FileDone:
    """A file or folder that held the job, and what became, or would become, of it."""

    path: Place
    action: str


def files_of(settings: Settings, url: str, keys: Keys, *, removes: bool) -> list[FileDone]:
    """Find what holds the job, and remove it or take the id out.

    Args:
        url: libpq URL of the warehouse, whose locks keep others from files that are rewritten.
        keys: The job and its days: a report about one of these holds its numbers.
        removes: Whether to do so; else it is told only.
    """
    found: list[FileDone] = []
    for root in output_roots(settings):
        with store_faults(str(root)):
            found += _reports(root, keys, removes=removes)
            found += _browse(root, keys, removes=removes)
            found += _snapshots(root, keys, removes=removes)
            found += _archived(root, url, keys.job_id, removes=removes)
    return [*found, *_others(settings, keys, removes=removes)]


def _reports(root: Place, keys: Keys, *, removes: bool) -> Iterator[FileDone]:
    for path in sorted((root / "reports").glob("*.html")):
        is_about = any(covers(path, day) for day in keys.days)
        if is_about or _names(path, html.escape(keys.job_id)) or _names(path, keys.job_id):
            if removes:
                path.unlink(missing_ok=True)
            yield FileDone(path, "removed; to write it again: beacon report")


def _browse(root: Place, keys: Keys, *, removes: bool) -> Iterator[FileDone]:
    folder = browse.default_folder(root)
    for path in (folder, *(folder.with_name(f".{folder.name}.{end}") for end in ("new", "old"))):
        is_whole = (path / browse.MARKER).exists()
        has_job = (path / browse.PAGES / page_name(keys.job_id)).exists()
        if path.is_dir() and (has_job or not is_whole):
            if removes:
                remove_folder(path)
            yield FileDone(path, "removed; to write it again: beacon browse")


def _snapshots(root: Place, keys: Keys, *, removes: bool) -> Iterator[FileDone]:
    folder = default_folder(root)
    for path in (folder, *(folder.with_name(f".{folder.name}.{end}") for end in ("new", "old"))):
        if path.is_dir() and _snapshot_holds(path, keys):
            if removes:
                remove_folder(path)
            yield FileDone(path, "removed; to take it again: beacon snapshot")


def _archived(root: Place, url: str, job_id: str, *, removes: bool) -> Iterator[FileDone]:
    for place in files_with_job(root, job_id):
        if removes:
            take_job_out(url, place, job_id)
        yield FileDone(place, "its rows are taken out")


def _snapshot_holds(folder: Place, keys: Keys) -> bool:
    """Tell whether a snapshot has the job, or is not whole and so cannot be asked."""
    if not (folder / MARKER).exists():
        return True
    return any(_parquet_holds(path, keys.job_id) for path in (folder / "parquet").glob("*.parquet"))


def _parquet_holds(path: Place, job_id: str) -> bool:
    with path.open("rb") as opened, pq.ParquetFile(opened) as file:
        if "job_id" not in file.schema_arrow.names:
            return False
        batches = file.iter_batches(columns=["job_id"])
        return any(pc.any(pc.equal(batch.column(0), job_id)).as_py() for batch in batches)


def _others(settings: Settings, keys: Keys, *, removes: bool) -> Iterator[FileDone]:
    """Look into every other file: Dagster's history and logs, what dbt left."""
    if len(keys.job_id) < TELLING_CHARACTERS:
        return
    for path in sorted({*_files(settings.home), *_files(settings.instance_folder)}):
        if not _names(path, keys.job_id):
            continue
        if _is_sqlite(path):
            if removes:
                _rewrite_database(path, keys.job_id)
            yield FileDone(path, "its id is taken out")
        elif path.name.endswith(("-wal", "-shm", "-journal")):
            continue
        else:
            if removes:
                path.unlink(missing_ok=True)
            yield FileDone(path, "removed")


def _files(folder: Path) -> Iterator[Path]:
    delivered = [folder / name for name in ("reports", "snapshot", FOLDER, _SEARCHED_ELSEWHERE)]
    for path in folder.rglob("*"):
        if path.is_file() and not any(path.is_relative_to(other) for other in delivered):
            yield path


def _names(path: Place, text: str) -> bool:
    """Tell whether the text stands in a file, or in what SQLite has yet to move into it."""
    parts = [path, path.with_name(f"{path.name}-wal")] if _is_sqlite(path) else [path]
    return any(text.encode() in part.read_bytes() for part in parts if part.exists())


def _is_sqlite(path: Place) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _rewrite_database(path: Path, job_id: str) -> None:
    """Take the id out of every text of a SQLite file, its free pages included."""
    with closing(sqlite3.connect(path, timeout=LOCK_TIMEOUT_S)) as connection:
        connection.create_function("redacted", 1, lambda text: redacted(text, job_id))
        for table, columns in _texts(connection):
            for column in columns:
                # Names come from the file's own catalog; SQLite takes no parameter for them.
                statement = (
                    f'update "{table}" set "{column}" = redacted("{column}")'  # noqa: S608
                    f' where typeof("{column}") = \'text\' and instr("{column}", ?) > 0'
                )
                connection.execute(statement, (job_id,))
        connection.commit()
        connection.execute("vacuum")
        connection.execute("pragma wal_checkpoint(truncate)")


def _texts(connection: sqlite3.Connection) -> Iterator[tuple[str, Sequence[str]]]:
    names = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    for (table,) in connection.execute(names).fetchall():
        columns = connection.execute("select name from pragma_table_info(?)", (table,)).fetchall()
        yield table, [name for (name,) in columns]
