"""What stands in the warehouse before any row: ``sql/``, and which versions of it and of ``dbt/``.

A run works by the rules that are installed. Where the files differ from them it refuses until
`beacon setup` has installed these: no day is stamped with rules that it was not made by.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg import errors, sql
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from dagster_project.paths import DBT_DIR, shown
from dagster_project.postgres import (
    advisory_lock,
    connect,
    lock_table,
    only_row,
    read_sql,
    sql_files,
)
from dagster_project.stage import StageError

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

FOLDERS = ("upgrades", "warehouse", "functions")
ROLES_FOLDER = "roles/warehouse"
ANALYST = "beacon_analyst"
"""Who reads what analysts may read; made by its file in that folder."""
SETUP_LOCK = "dbt"
"""Held alone while views are built anew; shared by whoever needs them to stay as they are."""

LOCK_TIMEOUT = "5s"
"""For a lock of others; the functions that replace views say the same."""
PATIENCE_WITH_RUNS = "10min"
PATIENCE_S = 120
"""How long all waits for locks of others may take together."""

FILES = "files"
"""The part of ``ops.setup`` that stands for all files; the other parts are stages."""
_DBT_FOLDERS = ("models", "docs", "seeds", "macros", "tests")
_RULES = frozenset({".sql", ".csv"})


class SetupError(StageError):
    """The warehouse is not set up by the present files."""


def create_schema(url: str) -> tuple[str, ...]:
    """Create or update schemas, tables, functions, roles and grants; the same when run again.

    Empties ``ops.setup``: `record_setup` fills it when everything stands.

    Returns:
        One message for each reading role that was left out, for example because it does not exist
        and the owner may not create roles.
    """
    with connect(url, application="schema") as connection:
        lock_table(connection, "schema")
        # Whoever wants to read a table waits behind whoever waits to change it.
        connection.execute(sql.SQL("set local lock_timeout = {}").format(LOCK_TIMEOUT))
        for folder in FOLDERS:
            for path in sql_files(folder):
                connection.execute(read_sql(path))
        skipped = [_apply_role(connection, path) for path in sql_files(ROLES_FOLDER)]
    return tuple(message for message in skipped if message is not None)


def move_into_months(url: str) -> None:
    """Bring rows that an earlier release's tables held to their partitions, a month at a time.

    Every month is a transaction of its own: killed at any point, the next call goes on from there,
    and all rows can be read and written all the time.

    Raises:
        SetupError: Locks of others were in the way of a month for too long.
    """
    while patiently(url, lambda: _move_month(url)):
        pass


def _move_month(url: str) -> bool:
    with connect(url, application="setup") as connection:
        connection.execute(sql.SQL("set local lock_timeout = {}").format(LOCK_TIMEOUT))
        (is_left,) = only_row(connection.execute("select ops.move_month()"))
        return bool(is_left)


def ensure_months(
    connection: psycopg.Connection[Any], table: str, days: Iterable[date | str]
) -> None:
    """Make the partitions that rows of some job_days (ISO) go to; nothing for a plain table."""
    connection.execute(
        "select ops.ensure_months(%s, %s::text[]::date[])", (table, [str(day) for day in set(days)])
    )


def patiently(url: str, change: Callable[[], Result]) -> Result:
    """Change what others read: try for two minutes, and let them through in between.

    Raises:
        SetupError: Locks of others were in the way all the time; names their sessions.
    """
    try:
        return Retrying(
            retry=retry_if_exception(_is_lock_timeout),
            stop=stop_after_delay(PATIENCE_S),
            wait=wait_fixed(1),
            before_sleep=lambda _: logger.warning("Waiting for %s", _in_the_way(url)),
            reraise=True,
        )(change)
    except (psycopg.Error, StageError) as error:
        if not _is_lock_timeout(error):
            raise
        raise SetupError(
            f"Others were in the way for {PATIENCE_S} s: {_in_the_way(url)}. Nothing of what they "
            "read was changed. Let them end, or end them, then: beacon setup"
        ) from error


@contextmanager
def alone(url: str) -> Iterator[None]:
    """Let no run work in the warehouse while the block runs; waits for those that do.

    Raises:
        SetupError: One of them took too long.
    """
    with ExitStack() as held:
        try:
            held.enter_context(
                advisory_lock(url, SETUP_LOCK, shared=False, timeout=PATIENCE_WITH_RUNS)
            )
        except errors.LockNotAvailable as error:
            raise SetupError(
                f"Runs have worked in the warehouse for {PATIENCE_WITH_RUNS}: {_in_the_way(url)}. "
                "Nothing was changed. When they are done: beacon setup"
            ) from error
        yield


def _is_lock_timeout(error: BaseException) -> bool:
    state = getattr(error, "sqlstate", None)
    return bool(state == errors.LockNotAvailable.sqlstate)


def _in_the_way(url: str) -> str:
    """Name the sessions that hold locks on tables and views of the warehouse."""
    with connect(url, application="setup", read_only=True) as connection:
        found = connection.execute(read_sql("in_the_way.sql")).fetchall()
    return (
        "; ".join(
            f"session {pid} of {role} ({application}) since {since:%H:%M:%S} UTC on {relations}"
            for pid, role, application, since, relations in found
        )
        or "sessions that are gone by now"
    )


def _apply_role(connection: psycopg.Connection[Any], path: Path) -> str | None:
    try:
        with connection.transaction():
            connection.execute(read_sql(path))
    except errors.InsufficientPrivilege as error:
        return (
            f"role {path.stem} was left out ({error.diag.message_primary}): have an administrator "
            f"run {shown(path)} on the warehouse"
        )
    return None


def dbt_files() -> list[Path]:
    """Return every file of the dbt project, sorted."""
    found = [*DBT_DIR.glob("*.yml")]
    for folder in _DBT_FOLDERS:
        found += [path for path in (DBT_DIR / folder).rglob("*") if path.is_file()]
    return sorted(found)


def rules_version() -> str:
    """Return a version of every rule in ``dbt/`` and ``sql/functions``: twelve hex digits."""
    rules = [path for path in dbt_files() if path.suffix in _RULES]
    return _digest([*rules, *sql_files("functions")])


def files_version() -> str:
    """Return a version of everything that `beacon setup` installs: twelve hex digits."""
    installed = [path for folder in (*FOLDERS, ROLES_FOLDER) for path in sql_files(folder)]
    return _digest([*dbt_files(), *installed])


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.parts[-2:]):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def record_setup(url: str, versions: Mapping[str, str]) -> None:
    """Record the versions that stand in the warehouse now, by part."""
    with connect(url, application="setup") as connection:
        connection.cursor().executemany(
            "insert into ops.setup (part, version) values (%s, %s)", list(versions.items())
        )


def installed_versions(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Return the versions that stand in the warehouse, by part; none when it is not set up."""
    return dict(connection.execute("select part, version from ops.setup").fetchall())


def setup_fault(installed: Mapping[str, str], present: Mapping[str, str]) -> str | None:
    """Say in which parts the installed versions differ from the present ones, with the remedy."""
    if not installed:
        return "The warehouse is not set up: beacon setup"
    other = [part for part, version in present.items() if installed.get(part) != version]
    if not other:
        return None
    return f"The warehouse holds other rules than this release ({', '.join(other)}): beacon setup"


@contextmanager
def steady_setup(url: str, present: Mapping[str, str]) -> Iterator[None]:
    """Keep views, functions and seeds as they are while the block runs.

    Raises:
        SetupError: Other versions stand there than the present ones.
    """
    with advisory_lock(url, SETUP_LOCK, shared=True):
        with connect(url, application="setup", read_only=True) as connection:
            fault = setup_fault(installed_versions(connection), present)
        if fault is not None:
            raise SetupError(fault)
        yield
