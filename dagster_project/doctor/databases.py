"""What is true of either database, and what the pipeline needs of the runner's: only to read."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import class_row

from dagster_project.backfill.fingerprints import CLUSTER_FUNCTIONS, names_cluster
from dagster_project.doctor.finding import Finding, fail, ok, some, warn
from dagster_project.doctor.machine import THIS_MACHINE
from dagster_project.extract.schema import TABLES, drift, wider
from dagster_project.paths import PUBLISHER_ROLE_FILE, READER_ROLE_FILE
from dagster_project.postgres import (
    connect,
    connect_source,
    is_pooled,
    only_row,
    read_sql,
    source_transaction,
)
from dagster_project.publish.executions import ROLE_FILE, missing_grants
from dagster_project.publish.store import reader_problem, target_problems

OLDEST, NEWEST = 15, 18
"""Major versions of Postgres that the tests run on."""

TOLERATED_SKEW = timedelta(seconds=30)

URL_REMEDY = (
    "Write postgresql://user:password@host:port/database; escape special characters as %XX."
)
GRANT_REMEDY = "Grant that to the role, or name another role in the variable."

Connection = psycopg.Connection[Any]
Checks = Callable[[Connection], Iterator[Finding]]

# The words of libpq and the server; with other words the last remedy is shown.
_REMEDIES = (
    (
        r"a pooler shares",
        "Let {variable} name the database's direct address (often port 5432, without -pooler).",
    ),
    (r"password authentication failed|no password supplied", "Correct the password in {variable}."),
    (
        r"role .* does not exist|not permitted to log in",
        "Correct the user in {variable}, or create that role.",
    ),
    (r"database .* does not exist", "Correct the database in {variable}, or create it."),
    (
        r"permission denied for database",
        "As the database's owner: grant connect on database … to the role in {variable}.",
    ),
    (
        r"certificate verify failed|root certificate|does not match host name|sslrootcert",
        "sslrootcert in {variable} must name the server's authority, the host its certificate.",
    ),
    (
        r"pg_hba\.conf|SSL|ssl",
        "Let pg_hba.conf admit this host; for TLS, add sslmode=verify-full and sslrootcert.",
    ),
    (r"too many|remaining connection slots", "Close other sessions, or raise max_connections."),
    (
        r"refused|timeout|timed out|resolve|translate host|No route|unreachable|No such file",
        "Start the server, or correct host and port in {variable}; a firewall may be between.",
    ),
    (r"", 'Try the same with: psql "${variable}"'),
)


def database_findings(
    name: str,
    variable: str,
    url: str,
    checks: Checks,
    *,
    oldest: int = OLDEST,
) -> Iterator[Finding]:
    """Look at one database; what cannot be reached is one finding.

    Args:
        name: ``runner``, ``warehouse`` or ``publish``; only the warehouse needs sessions.
    """
    try:
        with (
            (
                connect(url, application="doctor", read_only=True)
                if name == "warehouse"
                else connect_source(url, application="doctor")
            ) as connection,
            ExitStack() as held,
        ):
            # A check of the warehouse that is refused must not spoil the next one.
            connection.autocommit = True
            if name != "warehouse":
                held.enter_context(source_transaction(connection))
            yield _version(name, connection, oldest)
            if name != "runner":
                yield from _writable(name, connection)
            yield _line(name, variable, connection)
            yield _clock(name, connection)
            yield from checks(connection)
    except psycopg.ProgrammingError as error:
        if error.sqlstate is None:
            # The text quotes the URL, password included.
            yield fail(f"{name} server", f"{variable} is no libpq URL", URL_REMEDY)
        else:
            yield fail(f"{name} privileges", str(error.diag.message_primary), GRANT_REMEDY)
    except psycopg.OperationalError as error:
        text = " ".join(str(error).split())
        remedy = next(remedy for words, remedy in _REMEDIES if re.search(words, text))
        yield fail(f"{name} server", text, remedy.format(variable=variable))


def _version(name: str, connection: Connection, oldest: int) -> Finding:
    info = connection.info
    major = info.server_version // 10_000
    found = f"Postgres {major} at {info.host}:{info.port}, {info.dbname} as {info.user}"
    if is_pooled(connection):
        found += ", through a connection pooler"
    if _is_standby(connection):
        found += ", a hot standby"
    if major < oldest:
        return fail(f"{name} server", found, f"Upgrade the server to Postgres {oldest} or later.")
    if major > NEWEST:
        return warn(f"{name} server", found, f"Nothing newer than {NEWEST} has been tested.")
    return ok(f"{name} server", found)


def _is_standby(connection: Connection) -> bool:
    (is_standby,) = only_row(connection.execute("select pg_is_in_recovery()"))
    return bool(is_standby)


def _writable(name: str, connection: Connection) -> Iterator[Finding]:
    if _is_standby(connection):
        yield fail(f"{name} server", "it is a standby, and only read", "Name the primary server.")


def _line(name: str, variable: str, connection: Connection) -> Finding:
    given = {option.keyword: option.val for option in connection.pgconn.info}
    host = connection.info.host
    is_local = host.startswith("/") or host in THIS_MACHINE
    if not connection.pgconn.ssl_in_use:
        found = "not encrypted" + (", within this machine" if is_local else "")
    elif given[b"sslmode"] == b"verify-full":
        return ok(f"{name} line", "encrypted; certificate and host name are verified")
    elif given[b"sslmode"] == b"verify-ca":
        found = "encrypted; the certificate is verified, the host name is not"
    else:
        found = "encrypted; whose server it is, is not verified"
    if is_local:
        return ok(f"{name} line", found)
    return warn(f"{name} line", found, f"Add sslmode=verify-full and sslrootcert to {variable}.")


def _clock(name: str, connection: Connection) -> Finding:
    before = datetime.now(UTC)
    (there,) = only_row(connection.execute("select clock_timestamp()"))
    after = datetime.now(UTC)
    skew = there - (before + (after - before) / 2)
    found = f"{abs(skew).total_seconds():.1f} s {'ahead of' if skew > timedelta() else 'behind'} us"
    if abs(skew) > TOLERATED_SKEW:
        remedy = "Set both clocks by NTP: which job_day is today depends on them."
        return warn(f"{name} clock", found, remedy)
    return ok(f"{name} clock", found)


class SourceTable(NamedTuple):
    """One row of ``doctor/source_tables.sql``."""

    table_name: str
    is_there: bool
    is_readable: bool
    is_writable: bool
    is_filtered: bool


def runner_findings(connection: Connection, *, embedded: bool) -> Iterator[Finding]:
    """Look at the six tables and what the role may do with them.

    Args:
        connection: Session on the runner's database, autocommit.
        embedded: Whether it is the demo's own, in which the role may write.
    """
    with connection.cursor(row_factory=class_row(SourceTable)) as cursor:
        tables = cursor.execute(
            read_sql("doctor/source_tables.sql"), {"tables": list(TABLES)}
        ).fetchall()
    missing = [table.table_name for table in tables if not table.is_there]
    unreadable = [table.table_name for table in tables if table.is_there and not table.is_readable]
    role = connection.info.user
    if missing:
        yield fail(
            "runner tables",
            f"missing or in no schema of the search_path: {some(missing, len(TABLES))}",
            f"Apply the runner's migrations, or: alter role {role} set search_path = …",
        )
    if unreadable:
        yield fail(
            "runner privileges",
            f"{role} may not read {some(unreadable, len(TABLES))}",
            f"As their owner: run {READER_ROLE_FILE}, or grant select on them to {role}.",
        )
    filtered = [table.table_name for table in tables if table.is_filtered]
    if filtered:
        yield fail(
            "runner policies",
            f"row-level security may hide rows of {some(filtered, len(TABLES))} from {role}: rows "
            "that are hidden count as deleted",
            f"As a superuser: alter role {role} bypassrls",
        )
    if not missing and not unreadable:
        yield ok("runner tables", "all six are there and readable")
    yield from _kinds(connection)
    if not names_cluster(connection):
        yield warn(
            "runner identity",
            f"{role} may not ask which cluster it reads: a copy restored once more may pass "
            "for the one that was read",
            "As a superuser: "
            + "; ".join(
                f"grant execute on function {name}() to {role}" for name in CLUSTER_FUNCTIONS
            ),
        )
    writable = [table.table_name for table in tables if table.is_writable]
    if writable and not embedded:
        yield warn(
            "runner privileges",
            f"{role} can write in {some(writable, len(TABLES))}",
            f"The pipeline never does; use the role of {READER_ROLE_FILE}.",
        )


def _kinds(connection: Connection) -> Iterator[Finding]:
    """Name what is no table: it works, and an operator should know how."""
    rows = connection.execute(read_sql("extract/relation_kinds.sql"), {"tables": list(TABLES)})
    kinds = rows.fetchall()
    unversioned = [table for table, _, has_versions in kinds if not has_versions]
    if unversioned:
        yield warn(
            "runner tables",
            f"{some(unversioned, len(TABLES))} are views or lie on another server: whole rows are "
            "read to see what changed, which takes longer",
            "Let the role's search_path find the tables themselves where it can.",
        )
    refreshed = [table for table, kind, _ in kinds if kind == "m"]
    if refreshed:
        yield warn(
            "runner tables",
            f"{some(refreshed, len(TABLES))} are materialized views: changes show when they are "
            "refreshed, and each refresh makes every day stale",
            "Refresh them concurrently, which keeps rows that are the same.",
        )


def target_findings(connection: Connection) -> Iterator[Finding]:
    """Look at whether publishing could write, and whether the runner would show what is written."""
    problems = target_problems(connection)
    if problems:
        remedy = f"Apply the runner's migrations, or as owner of its tables: {PUBLISHER_ROLE_FILE}."
        yield fail("publish tables", some(problems), remedy)
        return
    yield ok("publish tables", "all three can be written")
    unread = reader_problem(connection)
    if unread is not None:
        yield fail("publish reader", *unread)
    else:
        yield ok("publish reader", "the runner's bias page can read what is written")
    missing = missing_grants(connection)
    if not missing:
        yield ok("publish executions", "rows of executions can be written on request")
    elif "insert on executions" in missing:
        yield ok("publish executions", f"not granted; only --executions needs {ROLE_FILE}")
    else:
        remedy = f"As owner of the runner's tables: run {ROLE_FILE}, or revoke what it grants."
        yield warn("publish executions", f"granted in part, without {some(missing)}", remedy)


def column_findings(runner: Connection, warehouse: Connection) -> Iterator[Finding]:
    """Compare the columns of the six tables with what the warehouse copies.

    Yields:
        A finding per column that is missing, of a type that cannot be read or holds more than its
        copy.
    """
    faults = drift(runner, warehouse)
    for fault in faults:
        found, _, remedy = fault.partition(". ")
        yield fail("runner columns", found, remedy)
    for column in wider(runner, warehouse):
        yield warn(
            "runner columns",
            f"{column} is wider than its copy: a row whose value does not fit is quarantined",
            "Nothing, as long as `beacon status` counts no such row.",
        )
    if not faults:
        yield ok("runner columns", "all that are copied are there, of types that can be read")
