"""What a stage is: the values that every stage, the backfill and Dagster share.

Belongs here: databases, stages, results, errors: which may pass when the work is done again, which
are the machine's and which the data's. Does not belong here: what any stage does.
"""

import errno
import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import psycopg
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from dagster_project.partitions import Window
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
class Terms:
    """How a stage may work.

    Attributes:
        batch_rows: Most rows in memory at a time.
        accepts_deletions: Whether a day may lose all rows of a source table.
    """

    batch_rows: int
    accepts_deletions: bool = False


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline, in the order in which data flows.

    Attributes:
        name: Name in the ledger.
        relations: Partitioned tables that it replaces, as ``schema.table``; the first one's rows
            are the row count in the ledger.
        run: Replaces a window of these tables, all of it or nothing; returns the data tests it
            ran.
        method_version: Version of the rules; a day made by another version is stale.
        is_of_periods: Whether it reads all days of the periods that a window touches: then it is
            done once for all days of a run.
    """

    name: str
    relations: tuple[str, ...]
    run: Callable[[Databases, Window, Terms], Sequence[TestResult]]
    method_version: Callable[[], str]
    is_of_periods: bool = False


class StageError(RuntimeError):
    """A stage's own error; `sqlstate` and `errno` say what stood behind it, where that is known."""

    sqlstate: str | None = None
    errno: int | None = None


class MachineError(StageError):
    """The machine, not the data, keeps the work from being done: a run stops at it at once."""


class _Lack(NamedTuple):
    what: str
    remedy: str


_FREE = "Free space there"
_LET_IN = "Let the role in"
_SERVER_LACKS: Mapping[str, _Lack] = {
    "08": _Lack("the server does not answer", "Start it, or see what it waits for"),
    "25006": _Lack("the server is read-only", "Name the primary, or end its read-only mode"),
    "28": _Lack("the server refuses the log-in", _LET_IN),
    "3D000": _Lack("the database is gone", "Create or restore it"),
    "42501": _Lack("the role lacks a privilege", _LET_IN),
    "53": _Lack("the server lacks resources", "Give it more, or close other sessions"),
    "53100": _Lack("the server's disk is full", _FREE),
    "53200": _Lack("the server is out of memory", "Give it more, or close other sessions"),
    "53300": _Lack("the server has no connection left", "Close sessions or raise max_connections"),
    "57P": _Lack("the server was shut down", "Start it"),
    "58": _Lack("the server cannot use its files", "Look at its log and its disk"),
    "XX001": _Lack("the server's files are damaged", "Look at its log and its disk"),
    "XX002": _Lack("the server's files are damaged", "Look at its log and its disk"),
}
"""By SQLSTATE or its beginning; the longest counts. All that is a server's and no row's."""

_LOCAL_LACKS: Mapping[int, _Lack] = {
    errno.ENOSPC: _Lack("this machine's disk is full", _FREE),
    errno.EDQUOT: _Lack("the quota of this machine's disk is used up", _FREE),
    errno.EFBIG: _Lack("a file may not grow further", "Raise ulimit -f"),
    errno.EROFS: _Lack("this machine's disk is read-only", "Mount it for writing"),
    errno.EIO: _Lack("this machine's disk fails", "Look at the system's log"),
    errno.EACCES: _Lack("a file may not be used", _LET_IN),
    errno.EPERM: _Lack("a file may not be used", _LET_IN),
    errno.ENOMEM: _Lack("this machine is out of memory", "Give it more, or end other programs"),
    errno.EMFILE: _Lack("too many files are open", "Raise ulimit -n"),
    errno.ENFILE: _Lack("too many files are open", "Raise fs.file-max"),
    errno.EAGAIN: _Lack("this machine starts no more processes", "Raise ulimit -u"),
}
_SQLITE_LACKS: Mapping[int, int] = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_NOMEM: errno.ENOMEM,
}

NO_ROOM_BYTES = 2_000_000

_LOST = "08006"
_PASSING = ("08", "40", "53", "55P03", "57P")
_STAYING = ("08P01", "53100")
"""States that pass when the work is done again; a full disk or a pooler will be there still."""

_OF_DATA = ("21", "22", "23", "54")
_ATTEMPTS = 5
_LONGEST_WAIT_S = 10


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work may succeed when it is simply done again.

    True for a lost or refused connection, a deadlock, a serialization or lock time-out.
    """
    state = _state(error)
    return state is not None and state.startswith(_PASSING) and not state.startswith(_STAYING)


def is_of_data(error: BaseException) -> bool:
    """Tell whether rows are known to be the cause; any other error deserves a second try."""
    return (_state(error) or "").startswith(_OF_DATA)


def machine_fault(error: BaseException) -> str | None:
    """Say what the machine or a server lacks, where, and what to do; None when it is not that.

    The error that was raised or any that it came from may tell.
    """
    for one in _chain(error):
        if isinstance(one, MachineError):
            return str(one)
        lack = _lack(one)
        if lack is not None:
            words = [str(one), *getattr(one, "__notes__", ()), *_full_folders(one)]
            return f"{lack.what}: {' '.join(' '.join(words).split())}\n{lack.remedy}."
    return None


@contextmanager
def machine_faults() -> Iterator[None]:
    """Raise what is the machine's fault as what it is.

    Raises:
        MachineError: It was; says what is lacking, where, and what to do.
    """
    try:
        yield
    except MachineError:
        raise
    # Of any class: libraries wrap what the machine said. What is no fault of it goes on as it is.
    except Exception as error:
        fault = machine_fault(error)
        if fault is None:
            raise
        raise MachineError(fault) from error


def _full_folders(error: BaseException) -> Iterator[str]:
    """Name the folders that may be meant where the operating system did not say which."""
    if not isinstance(error, OSError | StageError) or getattr(error, "filename", None):
        return
    if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
        return
    settings = Settings()
    places = {
        "TMPDIR": Path(tempfile.gettempdir()),
        "BEACON_HOME": settings.home,
        "DAGSTER_HOME": settings.instance_folder,
    }
    for name, folder in places.items():
        free = _free(folder)
        if free < NO_ROOM_BYTES:
            yield f"({name}, {folder}: {free / 1000:,.0f} kB free)"


def _free(folder: Path) -> int:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _state(error: BaseException) -> str | None:
    if isinstance(error, psycopg.Error | StageError) and error.sqlstate is not None:
        return error.sqlstate
    is_lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return _LOST if is_lost else None


def _lack(error: BaseException) -> _Lack | None:
    state = _state(error)
    if state is not None:
        known = [prefix for prefix in _SERVER_LACKS if state.startswith(prefix)]
        return _SERVER_LACKS[max(known, key=len)] if known else None
    number: int | None = None
    # What the loader says when a library of a package finds no room.
    if isinstance(error, MemoryError) or "failed to map segment" in str(error):
        number = errno.ENOMEM
    elif isinstance(error, sqlite3.Error):
        # Extended codes hold the primary one in their lowest byte.
        number = _SQLITE_LACKS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        # Which of several errors a full disk is, depends on what SQLite was about to write.
        if number is not None and _free(Settings().instance_folder) < NO_ROOM_BYTES:
            number = errno.ENOSPC
    elif isinstance(error, OSError | StageError):
        number = error.errno
    return _LOCAL_LACKS.get(number) if number is not None else None


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
