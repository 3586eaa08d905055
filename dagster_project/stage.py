"""What a stage is: the values that every stage, the backfill and Dagster share.

Belongs here: databases, stages, results, errors and whether they may pass when the work is done
again. Does not belong here: what any stage does.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import psycopg
from psycopg import errors
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from dagster_project.partitions import Window
from dagster_project.postgres import TransactionPoolerError
from dagster_project.settings import Settings

Result = TypeVar("Result")
logger = logging.getLogger(__name__)


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

    @classmethod
    def of(cls, settings: Settings) -> "Databases":
        """Return the databases that the settings name.

        Raises:
            MissingSettingError: One of them is not named.
        """
        return cls(settings.require("runner_url"), settings.require("warehouse_url"))


@dataclass(frozen=True)
class TestResult:
    """How a data test of a stage ended.

    Attributes:
        unique_id: The test's id in the project that defines it.
        status: ``pass``, or how it failed.
        seconds: Wall-clock time.
        failures: Rows that fail; None when the test itself broke.
        message: Why, when it failed.
    """

    # Not a test of pytest's.
    __test__ = False

    unique_id: str
    status: str
    seconds: float
    failures: int | None
    message: str


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline, in the order in which data flows.

    Attributes:
        name: Name in the ledger.
        relations: Partitioned tables that it replaces, as ``schema.table``; the first one's rows
            are the row count in the ledger.
        run: Replaces a window of these tables, all of it or nothing, with at most so many rows in
            memory; returns the data tests it ran.
        method_version: Version of the rules; a day made by another version is stale.
    """

    name: str
    relations: tuple[str, ...]
    run: Callable[[Databases, Window, int], Sequence[TestResult]]
    method_version: Callable[[], str]


class StageError(RuntimeError):
    """A stage's own error; `is_transient` tells whether the same work may succeed when repeated."""

    is_transient = False


_TRANSIENT_ERRORS = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
)
# A statement that ran too long, a full disk or a pooler will do so again.
_PERMANENT_ERRORS = (errors.QueryCanceled, errors.DiskFull, TransactionPoolerError)
_ATTEMPTS = 5
_LONGEST_WAIT_S = 10


def is_transient(error: Exception) -> bool:
    """Tell whether the same work may succeed when it is simply done again.

    True for a lost or refused connection, a deadlock, a serialization or lock time-out.
    """
    if isinstance(error, StageError):
        return error.is_transient
    return isinstance(error, _TRANSIENT_ERRORS) and not isinstance(error, _PERMANENT_ERRORS)


def reread(read: Callable[[], Result]) -> Result:
    """Read, and do so again when an error may pass; on a hot standby any read may be cancelled.

    Raises:
        Exception: The last error, when none of the attempts succeeded; or one that will not pass.
    """
    return Retrying(
        retry=retry_if_exception(lambda e: isinstance(e, Exception) and is_transient(e)),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_exponential_jitter(multiplier=0.5, max=_LONGEST_WAIT_S),
        before_sleep=_say_why,
        reraise=True,
    )(read)


def _say_why(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    reason = " ".join(str(error).split())
    logger.warning("Reading again (attempt %s failed): %s", state.attempt_number, reason)
