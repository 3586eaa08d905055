"""Receipts of whole months: into Parquet files below the outputs, and out of the warehouse.

A file holds all JSON of its rows as it was copied. The warehouse keeps what is shown, the answer
among it; in place of each receipt stands the name of the file. docs/decisions/0073 says why.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from psycopg import errors, sql

from dagster_project.backfill.plan import State, current_plan, days_in
from dagster_project.backfill.runs import day_locks
from dagster_project.batches import in_batches, text_size
from dagster_project.outputs import Place, store_faults, written_file
from dagster_project.partitions import START_DATE, Window
from dagster_project.postgres import advisory_lock, connect, read_sql
from dagster_project.stage import Databases, StageError
from dagster_project.warehouse import LOCK_TIMEOUT

FOLDER = "raw"
COMPRESSION = "zstd"


def _schema(id_type: pa.DataType, *documents: str) -> pa.Schema:
    keys = [("id", id_type), ("job_id", pa.string()), ("job_day", pa.date32())]
    return pa.schema([*keys, *((name, pa.large_string()) for name in documents)])


SCHEMAS: Mapping[str, pa.Schema] = {
    "executions": _schema(pa.int64(), "output_data", "receipt_data", "retry_history"),
    "region_results": _schema(pa.string(), "execution_output", "scoring", "metadata"),
}
"""Columns of the files by table of ``raw``; job_id is the public one, documents are JSON."""


class ArchiveError(StageError):
    """A file does not hold what it must; nothing was taken out of the warehouse."""


@dataclass(frozen=True)
class Month:
    """What may be archived of a month: its first day, days, and bytes of receipts as stored."""

    first_day: date
    days: Sequence[date]
    receipt_bytes: int

    @property
    def window(self) -> Window:
        """All its days."""
        return Window(self.first_day, (self.first_day + timedelta(days=31)).replace(day=1))

    def file(self, table: str) -> str:
        """Return the name of its file of a table, seen from the folder of the outputs."""
        return f"{FOLDER}/{table}/{self.first_day:%Y-%m}.parquet"


class _Content(NamedTuple):
    rows: int
    content_hash: str


def months_before(databases: Databases, day: date) -> list[Month]:
    """Return the whole months before a day that have days to archive, oldest first.

    Only days that are current: no stage waits for their receipts.
    """
    end = day.replace(day=1)
    if end <= START_DATE:
        return []
    current = days_in(current_plan(databases, Window(START_DATE, end)), {State.CURRENT})
    with connect(databases.warehouse, application="archive", read_only=True) as connection:
        found = connection.execute(read_sql("archive/months.sql"), {"days": sorted(current)})
        return [Month(*row) for row in found.fetchall()]


def archive_month(url: str, root: Place, month: Month, batch_rows: int) -> None:
    """Put the JSON of a month's days into its files, then take the receipts out of the warehouse.

    Nothing is taken out before the files were read again and hold all of it. Killed at any point
    it has done nothing or all; the same again leads to the same.

    Args:
        url: libpq URL of the warehouse, as owner.
        root: Folder of the outputs.
        batch_rows: Rows in memory at a time.

    Raises:
        ArchiveError: A file lacks rows, of now or of days that were archived before.
    """
    with ExitStack() as held:
        held.enter_context(day_locks(url, month.window))
        for table in SCHEMAS:
            held.enter_context(_alone_with(url, root / month.file(table)))
        with connect(url, application="archive") as connection:
            before = _archived_days(connection, month.window)
            for place in set(before.values()) - {str(root)}:
                raise ArchiveError(
                    f"receipts of {month.first_day:%Y-%m} lie below {place}, and BEACON_OUTPUT_URL "
                    f"is {root}. Move the folder {FOLDER} and say so in ops.archived_days."
                )
            days = [day for day in month.days if day not in before]
            for table in SCHEMAS:
                file = month.file(table)
                values = {**vars(month.window), "days": days, "file": file}
                kept = _archived_ids(connection, table, month.window)
                new = _new_batches(connection, table, values, batch_rows)
                _merge(root / file, table, kept, new)
                connection.execute(read_sql(f"archive/take_out_{table}.sql"), values)
            connection.execute(
                "insert into ops.archived_days (job_day, output_url) select unnest(%s::date[]), %s",
                (days, str(root)),
            )
        _give_back(url, month.window)


def files_with_job(root: Place, job_id: str) -> list[Place]:
    """Return the files below a folder of outputs that hold rows of a job, by its public id."""
    return [
        place
        for table in SCHEMAS
        for place in sorted((root / FOLDER / table).glob("*.parquet"))
        if any(pc.any(_is_of(job_id, batch)).as_py() for batch in _batches(place, ["job_id"]))
    ]


def take_job_out(url: str, place: Place, job_id: str) -> None:
    """Write a file again without the rows of a job."""
    table = place.parent.name
    with _alone_with(url, place), written_file(place) as file:
        others = (batch.filter(pc.invert(_is_of(job_id, batch))) for batch in _batches(place))
        _store(file, table, others)


def _is_of(job_id: str, batch: pa.RecordBatch) -> pa.Array:
    return pc.fill_null(pc.equal(batch["job_id"], job_id), fill_value=False)


def _alone_with(url: str, place: Place) -> AbstractContextManager[None]:
    """Let nobody else rewrite a file: what he has read of it would be lost or come back."""
    return advisory_lock(url, str(place), shared=False)


def _archived_days(connection: psycopg.Connection[Any], window: Window) -> dict[date, str]:
    found = connection.execute(
        "select job_day, output_url from ops.archived_days"
        " where job_day >= %(start)s and job_day < %(end)s",
        vars(window),
    )
    return dict(found.fetchall())


def _archived_ids(connection: psycopg.Connection[Any], table: str, window: Window) -> list[Any]:
    """Return the ids of rows that were archived before and that the warehouse still has."""
    statement = sql.SQL(
        "select id::text from {} where job_day >= %(start)s and job_day < %(end)s"
        " and job_day in (select archived_days.job_day from ops.archived_days)"
    ).format(sql.Identifier("raw", table))
    return [one for (one,) in connection.execute(statement, vars(window)).fetchall()]


def _new_batches(
    connection: psycopg.Connection[Any], table: str, values: Mapping[str, Any], batch_rows: int
) -> Iterator[pa.RecordBatch]:
    schema = SCHEMAS[table]
    rows = connection.cursor().stream(read_sql(f"archive/{table}.sql"), values)
    for batch in in_batches(rows, batch_rows, text_size):
        columns = zip(schema, zip(*batch, strict=True), strict=True)
        arrays = [pa.array(column, field.type) for field, column in columns]
        yield pa.record_batch(arrays, schema=schema)


def _merge(
    place: Place, table: str, kept_ids: Sequence[str], new: Iterable[pa.RecordBatch]
) -> None:
    """Replace a file by those of its rows that stay and by new ones; then read it again."""
    ids = pa.array(kept_ids, pa.string())
    kept = 0

    def staying() -> Iterator[pa.RecordBatch]:
        nonlocal kept
        for batch in _batches(place) if kept_ids and place.exists() else ():
            found = batch.filter(pc.is_in(batch["id"].cast(pa.string()), ids))
            kept += found.num_rows
            yield found

    with written_file(place) as file:
        written = _store(file, table, chain(staying(), new))
        if kept != len(kept_ids):
            raise ArchiveError(
                f"{place} holds {kept} of {len(kept_ids)} rows that were archived in it. Restore "
                "the file, or take its days again from the source: beacon backfill --again"
            )
        _require(file, written)
    with store_faults(str(place)):
        _require(place, written)


def _store(file: Path, table: str, batches: Iterable[pa.RecordBatch]) -> _Content:
    with pq.ParquetWriter(file, SCHEMAS[table], compression=COMPRESSION) as writer:

        def written() -> Iterator[pa.RecordBatch]:
            for batch in batches:
                writer.write_batch(batch)
                yield batch

        return _content(written())


def _require(place: Place, written: _Content) -> None:
    found = _content(_batches(place))
    if found != written:
        raise ArchiveError(
            f"{place} holds {found.rows} rows with the hash {found.content_hash}, and not the "
            f"{written.rows} with {written.content_hash} that were written. Try again."
        )


def _batches(place: Place, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    with place.open("rb") as opened, pq.ParquetFile(opened) as file:
        yield from file.iter_batches(columns=columns)


def _content(batches: Iterable[pa.RecordBatch]) -> _Content:
    """Count and hash rows in their order, however they are divided into batches."""
    rows, digest = 0, sha256()
    for batch in batches:
        rows += batch.num_rows
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            digest.update(repr(row).encode())
    return _Content(rows, digest.hexdigest())


def _give_back(url: str, window: Window) -> None:
    """Let the partitions of a month give their room back.

    Where somebody reads a month, that has to wait: later days use the room then.
    """
    with connect(url, application="archive") as connection:
        connection.autocommit = True
        connection.execute(sql.SQL("set lock_timeout = {}").format(LOCK_TIMEOUT))
        for table in SCHEMAS:
            values = {"known_table": f"raw.{table}", **vars(window)}
            for (name,) in connection.execute(read_sql("archive/parts.sql"), values).fetchall():
                part = sql.Identifier("partitions", name)
                try:
                    connection.execute(sql.SQL("vacuum (full, analyze) {}").format(part))
                except errors.LockNotAvailable:
                    connection.execute(sql.SQL("vacuum (analyze) {}").format(part))
