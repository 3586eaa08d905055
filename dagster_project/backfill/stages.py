"""What a stage is to a backfill: a name, a version and a function over a window.

Belongs here: the value that each stage's assets.py fills in, and which errors may pass when
repeated. Does not belong here: what a stage does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import errors

from dagster_project.partitions import Window
from dagster_project.unify.dbt_run import DbtError, NodeResult


@dataclass(frozen=True)
class Databases:
    """libpq URLs of the two databases; secrets included, never log them.

    Attributes:
        runner: The source.
        warehouse: The warehouse, as owner of its schemas.
        embedded: Whether both live on the demo's own server.
    """

    runner: str
    warehouse: str
    embedded: bool = False


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline, in the order in which data flows.

    Attributes:
        name: Name in the ledger.
        relations: Partitioned tables that it replaces, as ``schema.table``; the first one's rows
            are the row count in the ledger.
        run: Replaces a window of these tables, all of it or nothing; returns the data tests it ran.
        method_version: Version of the rules; a day made by another version is stale.
    """

    name: str
    relations: tuple[str, ...]
    run: Callable[[Databases, Window], Sequence[NodeResult]]
    method_version: Callable[[], str]


TRANSIENT_ERRORS = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
)
"""Errors of the connection or of concurrency. A statement that ran too long is not one of them."""

# dbt reports a database error as text only, so these are libpq's and the server's own words.
_TRANSIENT_DBT_WORDS = (
    "could not connect to server",
    "connection refused",
    "connection to server",
    "server closed the connection",
    "terminating connection",
    "the database system is",
    "deadlock detected",
    "could not serialize access",
    "canceling statement due to lock timeout",
)


def is_transient(error: Exception) -> bool:
    """Tell whether the same work may succeed when it is simply done again.

    Args:
        error: What a stage raised.

    Returns:
        True for a lost or refused connection, a deadlock, a serialization or lock time-out.
    """
    if isinstance(error, errors.QueryCanceled | errors.DiskFull):
        return False
    if isinstance(error, TRANSIENT_ERRORS):
        return True
    text = str(error).lower()
    return isinstance(error, DbtError) and any(word in text for word in _TRANSIENT_DBT_WORDS)
