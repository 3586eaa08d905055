"""Jobs that ``beacon forget`` removed: which rows of the source an extract leaves out for them.

Belongs here: the tombstone, because reading must know it. Does not belong here: removing a job
(`dagster_project.forget`).
"""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import scalar_row

from dagster_project.postgres import read_sql

Row = tuple[str, str]
"""Table of the source, and key of a row there."""


def job_hash(job_id: str) -> str:
    """Return what is kept of the public id of a forgotten job: its SHA-256, hexadecimal."""
    return sha256(job_id.encode()).hexdigest()


def forgotten_rows(
    source: psycopg.Connection[Any],
    warehouse: psycopg.Connection[Any],
    window_tables: sql.Composable,
    parameters: Mapping[str, date],
) -> frozenset[Row]:
    """Return the source rows of a window's forgotten jobs; without a tombstone no look is taken.

    Args:
        window_tables: ``extract/window.sql``, with its parameters.
    """
    with warehouse.cursor(row_factory=scalar_row) as cursor:
        hashes = cursor.execute("select job_hash from ops.forgotten_jobs").fetchall()
    if not hashes:
        return frozenset()
    statement = read_sql("extract/forgotten_rows.sql").format(window=window_tables)
    found = source.execute(statement, {**parameters, "hashes": hashes}).fetchall()
    return frozenset((table, key) for table, key in found)
