"""What is true of either database: it answers, it is new enough, its clock is right."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from dagster_project.doctor.finding import Finding, fail, ok, warn
from dagster_project.postgres import connect, only_row

OLDEST, NEWEST = 15, 18
"""Major versions of Postgres that the tests run on."""

TOLERATED_SKEW = timedelta(seconds=30)

URL_REMEDY = (
    "Write postgresql://user:password@host:port/database; escape special characters as %XX."
)
GRANT_REMEDY = "Grant that to the role, or name another role in the variable."

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})

Connection = psycopg.Connection[Any]
Checks = Callable[[Connection], Iterator[Finding]]

# The words of libpq and the server; with other words the last remedy is shown.
_REMEDIES = (
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
    name: str, variable: str, url: str, checks: Checks, *, oldest: int = OLDEST
) -> Iterator[Finding]:
    """Look at one database; what cannot be reached is one finding.

    Args:
        name: What it is called here: ``runner`` or ``warehouse``.
        variable: Environment variable that holds the URL.
        url: libpq URL.
        checks: What else to look at, on the same session.
        oldest: Oldest major version of Postgres that is good enough.

    Yields:
        The findings.
    """
    try:
        with connect(url, application="doctor", read_only=True) as connection:
            # A check that is refused must not spoil the next one.
            connection.autocommit = True
            yield _version(name, connection, oldest)
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
    if major < oldest:
        return fail(f"{name} server", found, f"Upgrade the server to Postgres {oldest} or later.")
    if major > NEWEST:
        return warn(f"{name} server", found, f"Nothing newer than {NEWEST} has been tested.")
    return ok(f"{name} server", found)


def _line(name: str, variable: str, connection: Connection) -> Finding:
    given = {option.keyword: option.val for option in connection.pgconn.info}
    host = connection.info.host
    is_local = host.startswith("/") or host in _THIS_MACHINE
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
