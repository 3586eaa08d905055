"""State of the source per job_day: one cheap read-only query. Remembers nothing; see plan.py."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from dagster_project.extract.schema import TABLES
from dagster_project.extract.window import versioned_tables, window_parameters, window_tables
from dagster_project.partitions import ALL_DAYS, Window
from dagster_project.postgres import connect_source, only_row, read_sql, source_transaction
from dagster_project.stage import reread

_COUNT = re.compile(r"=(\d+):")
_IDENTITY = re.compile(r"source=(\S+)")

CLUSTER_FUNCTIONS = ("pg_control_system", "pg_control_checkpoint")
_CLUSTER = """
    (select system_identifier from pg_catalog.pg_control_system()),
    (select timeline_id from pg_catalog.pg_control_checkpoint())
"""


@dataclass(frozen=True)
class SourceDay:
    """What the source holds of one job_day (UTC) in one table.

    Attributes:
        job_day: The day.
        source_table: One of the six tables.
        row_count: Rows, published ones left out.
        content_hash: Hexadecimal, 64 bits; changes with every insert, update and delete.
    """

    job_day: date
    source_table: str
    row_count: int
    content_hash: str


def source_days(runner_url: str, window: Window | None = None) -> list[SourceDay]:
    """Count and hash the source rows of each job_day.

    Args:
        runner_url: libpq URL of the runner's database.
        window: Only these job_days; None for all.

    Returns:
        One entry per job_day and table that has rows, ordered by both.
    """
    return _read(runner_url, window)[2] or []


def _read(
    runner_url: str, window: Window | None, known_state: str | None = None
) -> tuple[str, str | None, list[SourceDay] | None]:
    """Return the source's identity, its state and its days; these are None in a known state."""
    parameters = window_parameters(window or ALL_DAYS)

    def read() -> tuple[str, str | None, list[SourceDay] | None]:
        with (
            connect_source(runner_url, application="fingerprints") as source,
            source_transaction(source),
            source.cursor(row_factory=class_row(SourceDay)) as cursor,
        ):
            identity = source_identity(source)
            versioned = versioned_tables(source)
            # Before the days: what is committed in between makes it a state that is gone.
            state = _state(source, identity) if all(versioned.values()) else None
            if state is not None and state == known_state:
                return identity, state, None
            tables = window_tables(versioned)
            statement = read_sql("backfill/fingerprints.sql").format(window=tables)
            return identity, state, cursor.execute(statement, parameters).fetchall()

    return reread(read)


def _state(source: psycopg.Connection[Any], identity: str) -> str:
    """Name the rows that the server holds: under the same name they are the same.

    Transactions that end change a snapshot, and a restart, which may lose some, the start. A
    standby's snapshots do not tell all transactions, but what it has replayed is all it holds.
    """
    found = source.execute(
        "select pg_postmaster_start_time()::text, case when pg_is_in_recovery()"
        " then pg_last_wal_replay_lsn()::text else pg_current_snapshot()::text end"
    )
    return "/".join([identity, *only_row(found)])


def source_identity(source: psycopg.Connection[Any]) -> str:
    """Return twelve hex digits that name cluster, its timeline, database and tables.

    Where the role may not ask for the cluster (see `names_cluster`) database and tables must do.
    """
    cluster = sql.SQL(_CLUSTER if names_cluster(source) else "null")
    statement = read_sql("backfill/source_identity.sql").format(cluster=cluster)
    (identity,) = only_row(source.execute(statement, {"tables": list(TABLES)}))
    return str(identity)


def names_cluster(source: psycopg.Connection[Any]) -> bool:
    """Tell whether the role may ask which cluster it reads; anybody may, unless it was revoked."""
    (may,) = only_row(
        source.execute(
            "select bool_and(coalesce(has_function_privilege(to_regprocedure(name), 'execute'),"
            " false)) from unnest(%s::text[]) as functions (name)",
            ([f"pg_catalog.{name}()" for name in CLUSTER_FUNCTIONS],),
        )
    )
    return bool(may)


def rows_of(fingerprint: str | None) -> int:
    """Return how many source rows a fingerprint stands for.

    Args:
        fingerprint: As `fingerprints` makes it; None for a day without a row.

    Returns:
        Rows of all tables together.
    """
    return sum(int(count) for count in _COUNT.findall(fingerprint or ""))


@dataclass(frozen=True)
class Source:
    """What a source holds.

    Attributes:
        state: Names the rows that its server holds; None where they may lie on another one.
        days: By job_day that has rows: the source's identity, rows and hash of each table, e.g.
            ``source=5c1d… jobs=2:9f0c…``.
    """

    state: str | None
    days: Mapping[date, str]


def read_source(
    runner_url: str, window: Window | None = None, known: Source | None = None
) -> Source:
    """Return the fingerprint of each job_day.

    Args:
        runner_url: libpq URL of the runner's database.
        window: Only these job_days; None for all.
        known: The same days as they were once: returned when nothing can have changed since.
    """
    identity, state, parts = _read(runner_url, window, known.state if known else None)
    if known is not None and parts is None:
        return known
    days = {
        job_day: " ".join(
            [
                f"source={identity}",
                *(f"{part.source_table}={part.row_count}:{part.content_hash}" for part in day),
            ]
        )
        for job_day, day in groupby(parts or (), key=lambda part: part.job_day)
    }
    return Source(state, days)


def fingerprints(runner_url: str, window: Window | None = None) -> Mapping[date, str]:
    """Return the fingerprint of each job_day; see `Source`."""
    return read_source(runner_url, window).days


def identity_in(fingerprint: str | None) -> str | None:
    """Return which source a fingerprint was taken of; None where it does not say."""
    found = _IDENTITY.match(fingerprint or "")
    return found[1] if found else None
