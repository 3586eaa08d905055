"""A login for one analyst: a role of the server, its password in a file, and how programs use both.

Belongs here: making it, and the lines for programs. Does not belong here: what analysts may read
(sql/roles/warehouse).
"""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from dagster_project.postgres import connect, lock_table, only_row, read_sql
from dagster_project.stage import StageError
from dagster_project.warehouse import ANALYST

MARK = "login of beacon connect"
"""Comment by which a role is known to be ours."""

_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
_PASSWORD_BYTES = 24
_OF_LINE = ("sslmode", "sslrootcert")
"""What an analyst's session needs of the owner's URL."""


class LoginError(StageError):
    """No login was made; the reason and the remedy."""


@dataclass(frozen=True)
class Login:
    """A login that works.

    Attributes:
        parameters: libpq's, without the password: host, port, dbname, user, passfile, TLS.
        password_file: In the form of libpq's password file, for the user alone.
        is_new: Whether the password was made now; otherwise the one in the file still holds.
    """

    name: str
    parameters: Mapping[str, str]
    password_file: Path
    is_new: bool

    @property
    def conninfo(self) -> str:
        """As libpq reads it, for psql and DuckDB."""
        return make_conninfo("", **self.parameters)

    @property
    def url(self) -> str:
        """As SQLAlchemy reads it, with psycopg."""
        return f"postgresql+psycopg:///?{urlencode(self.parameters)}"


def make_login(url: str, name: str, folder: Path) -> Login:
    """Make a login, or look whether it works and mend it; safe to repeat.

    Args:
        url: libpq URL of the warehouse, as owner.
        name: Of the role.
        folder: Where its password is kept, readable for the user alone.

    Raises:
        LoginError: The name is no name of a role, or of somebody else's; or the owner may not.
    """
    if not _NAME.fullmatch(name):
        message = f"{name!r} is no name for a login: small letters, digits and _, 63 at most"
        raise LoginError(message)
    file = folder / f"{name}.pgpass"
    with connect(url, application="connect") as owner:
        lock_table(owner, "logins")
        parameters = _parameters(owner, url, name, file)
        _require_ours(owner, name)
        if _works(parameters):
            return Login(name, parameters, file, is_new=False)
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        _apply(owner, name, password)
        # Before the commit: a password that nobody knows would be of no use.
        _keep(file, parameters, password)
    if not _works(parameters):
        message = (
            f"The login {name} was made, but the server does not let it in from here: look at its "
            "pg_hba.conf and log"
        )
        raise LoginError(message)
    return Login(name, parameters, file, is_new=True)


def _parameters(
    owner: psycopg.Connection[Any], url: str, name: str, file: Path
) -> Mapping[str, str]:
    info, given = owner.info, conninfo_to_dict(url)
    of_line = {key: str(given[key]) for key in _OF_LINE if given.get(key)}
    return {
        "host": info.host,
        "port": str(info.port),
        "dbname": info.dbname,
        "user": name,
        "passfile": str(file.absolute()),
        **of_line,
    }


def _require_ours(owner: psycopg.Connection[Any], name: str) -> None:
    found = owner.execute(
        "select pg_catalog.shobj_description(oid, 'pg_authid') from pg_catalog.pg_roles"
        " where rolname = %s",
        (name,),
    ).fetchone()
    if found is not None and found[0] != MARK:
        message = f"The role {name} was not made by beacon connect and stays as it is: another name"
        raise LoginError(message)


def _works(parameters: Mapping[str, str]) -> bool:
    if not Path(parameters["passfile"]).exists():
        return False
    try:
        with connect(make_conninfo("", **parameters), application="connect") as analyst:
            (may_read,) = only_row(
                analyst.execute("select pg_catalog.pg_has_role(%s, 'usage')", (ANALYST,))
            )
    except psycopg.OperationalError:
        return False
    return bool(may_read)


def _apply(owner: psycopg.Connection[Any], name: str, password: str) -> None:
    encrypted = owner.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    statement = read_sql("deliver/login.sql").format(
        login=sql.Identifier(name),
        login_text=sql.Literal(name),
        analyst=sql.Identifier(ANALYST),
        dbname=sql.Identifier(owner.info.dbname),
        mark=sql.Literal(MARK),
        verifier=sql.Literal(encrypted.decode()),
    )
    try:
        owner.execute(statement)
    except errors.UndefinedObject as error:
        message = f"{error.diag.message_primary}. Set the warehouse up: beacon setup"
        raise LoginError(message) from error
    except errors.InsufficientPrivilege as error:
        message = (
            f"The warehouse's owner may not make logins ({error.diag.message_primary}). As an "
            f"administrator: alter role {owner.info.user} createrole; "
            f"grant {ANALYST} to {owner.info.user} with admin option"
        )
        raise LoginError(message) from error


def _keep(file: Path, parameters: Mapping[str, str], password: str) -> None:
    """Write libpq's password file, which it reads only when nobody else may."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fields = [*(parameters[key] for key in ("host", "port", "dbname", "user")), password]
    line = ":".join(re.sub(r"([:\\])", r"\\\1", field) for field in fields)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as output:
        output.write(line + "\n")
    unfinished.replace(file)
