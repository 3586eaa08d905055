"""Whether the disks have room for the job_days that wait, as far as they can be looked at."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import errors

from dagster_project.backfill.fingerprints import fingerprints, rows_of
from dagster_project.backfill.plan import TO_DO, read_plan
from dagster_project.doctor.finding import Finding, fail, ok
from dagster_project.doctor.machine import HISTORY_BYTES, MB, THIS_MACHINE
from dagster_project.postgres import connect, read_sql
from dagster_project.settings import Settings
from dagster_project.stage import Databases

ROW_BYTES = 7_000
"""What the warehouse takes per source row (docs/operations.md, Room)."""
DAY_HISTORY_BYTES = 200_000
"""What Dagster's SQLite takes per job_day that goes through all stages."""


def room_findings(databases: Databases, settings: Settings) -> Iterator[Finding]:
    """Compare free space with what the waiting job_days will take."""
    days, rows = _waiting(databases)
    folder = settings.instance_folder
    need = HISTORY_BYTES + days * DAY_HISTORY_BYTES
    yield _room("room of DAGSTER_HOME", folder, need, f"{days:,} days to do")
    with connect(databases.warehouse, application="doctor", read_only=True) as connection:
        place = _data_folder(connection)
    if place is not None:
        yield _room("room of the warehouse", place, rows * ROW_BYTES, f"{rows:,} rows to do")


def _room(check: str, folder: Path, need_bytes: int, what: str) -> Finding:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    found = f"{folder}: {free / MB:,.0f} MB free, about {need_bytes / MB:,.0f} MB needed ({what})"
    if free < need_bytes:
        return fail(check, found, "Free space there before: beacon backfill")
    return ok(check, found)


def _waiting(databases: Databases) -> tuple[int, int]:
    """Return how many job_days, and source rows of these, the next backfill takes."""
    try:
        days = read_plan(databases).days
    except errors.UndefinedTable:
        source = fingerprints(databases.runner)
        return len(source), sum(map(rows_of, source.values()))
    todo = [day for day in days if day.state in TO_DO]
    return len(todo), sum(rows_of(day.fingerprint) for day in todo)


def _data_folder(connection: psycopg.Connection[tuple[object, ...]]) -> Path | None:
    """Return where the database's files lie; None unless it is here and we may know."""
    host = connection.info.host
    row = connection.execute(read_sql("doctor/data_folder.sql")).fetchone()
    if row is None or not (host.startswith("/") or host in THIS_MACHINE):
        return None
    folder = Path(str(row[0]))
    try:
        return folder if folder.exists() else None
    except OSError:
        return None
