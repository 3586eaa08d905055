"""One URL, one line: psycopg and dbt agree on whom they trust, in every way that libpq knows."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import psycopg2  # type: ignore[import-untyped]
import pytest
from dbt.adapters.contracts.connection import Connection, Identifier
from dbt.adapters.exceptions.connection import FailedToConnectError
from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials

from dagster_project.doctor.databases import database_findings
from dagster_project.doctor.finding import Finding
from dagster_project.embedded_postgres.programs import installed_bindirs
from dagster_project.embedded_postgres.server import EmbeddedServer, embedded_server
from dagster_project.postgres import connect
from dagster_project.unify.dbt_command import URL_VARIABLE
from dagster_project.unify.dbt_run import run_dbt
from dagster_project.unify.dbt_worker import connect_by_url

MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")
RIGHT, WRONG, ABSENT = "right", "wrong", "absent"
NAMED, UNNAMED = "localhost", "127.0.0.1"
Line = tuple[str, str, str]
TABLE: list[Line] = list(product(MODES, (RIGHT, WRONG, ABSENT), (NAMED, UNNAMED)))
PLACES = ("url", "environment", "service")
OPENSSL = shutil.which("openssl") or "openssl"
ROLE = "beacon_tls"
CERTIFIED = "beacon_certified"
VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


@dataclass(frozen=True)
class SecureServer:
    """A Postgres that is reached by TLS only; its certificate names ``localhost``."""

    server: EmbeddedServer
    keys: Path

    def parameters(self, mode: str, ca: str, host: str, *, certified: bool) -> dict[str, str]:
        """Return what libpq is told."""
        chosen = {
            "host": host,
            "port": str(self.server.port),
            "user": CERTIFIED if certified else ROLE,
            "password": self.server.password,
            "dbname": "postgres",
            "sslmode": mode,
        }
        if ca != ABSENT:
            chosen["sslrootcert"] = str(self.keys / f"{ca}.crt")
        if certified:
            chosen |= {
                "sslcert": str(self.keys / "client.crt"),
                "sslkey": str(self.keys / "client.key"),
            }
        return chosen


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureServer]:
    keys = tmp_path_factory.mktemp("keys")
    _make_keys(keys)
    home = tmp_path_factory.mktemp("tls")
    # The wheel's own Postgres speaks no TLS; a distribution's does.
    with embedded_server(home, installed_bindirs()[0], durable=False) as server:
        data = home / "postgres" / "data"
        owner = data.stat()
        for name in ("server.crt", "server.key", "right.crt"):
            copy = data / name
            copy.write_bytes((keys / name).read_bytes())
            copy.chmod(0o600)
            os.chown(copy, owner.st_uid, owner.st_gid)
        with psycopg.connect(server.url("postgres"), autocommit=True) as superuser:
            for role in (ROLE, CERTIFIED):
                superuser.execute(
                    f"create role {role} login superuser password '{server.password}'"
                )
            superuser.execute("alter system set ssl_ca_file = 'right.crt'")
            superuser.execute("alter system set ssl = on")
            (data / "pg_hba.conf").write_text(
                f"host all beacon 127.0.0.1/32 scram-sha-256\n"
                f"hostssl all {CERTIFIED} all scram-sha-256 clientcert=verify-full\n"
                f"hostssl all {ROLE} all scram-sha-256\n",
                encoding="ascii",
            )
            superuser.execute("select pg_reload_conf()")
        yield SecureServer(server, keys)


def _make_keys(folder: Path) -> None:
    """Make two authorities, a certificate for ``localhost`` and one for a role."""

    def openssl(*arguments: str) -> None:
        subprocess.run([OPENSSL, *arguments], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30")
    for authority in (RIGHT, WRONG):
        files = ("-keyout", f"{authority}.key", "-out", f"{authority}.crt")
        openssl("req", "-x509", *curve, *files, "-subj", f"/CN={authority} authority")
    for name, subject in (("server", NAMED), ("client", CERTIFIED)):
        files = ("-keyout", f"{name}.key", "-out", f"{name}.crt")
        extension = ("-addext", f"subjectAltName=DNS:{subject}")
        signed = ("-CA", f"{RIGHT}.crt", "-CAkey", f"{RIGHT}.key")
        openssl("req", "-x509", *curve, *files, "-subj", f"/CN={subject}", *extension, *signed)
        (folder / f"{name}.key").chmod(0o600)


@dataclass(frozen=True)
class Secured:
    """The server, and somebody who tells libpq how to reach it."""

    server: SecureServer
    patch: pytest.MonkeyPatch
    folder: Path

    def url(self, place: str, mode: str, ca: str, host: str, *, certified: bool = False) -> str:
        """Tell libpq in one of the places; returns the URL that the product is given."""
        parameters = self.server.parameters(mode, ca, host, certified=certified)
        if place == "url":
            return f"postgresql://?{urlencode(parameters)}"
        if place == "environment":
            for name, value in parameters.items():
                self.patch.setenv(VARIABLES[name], value)
            return "postgresql://"
        service = self.folder / "pg_service.conf"
        lines = [f"{name}={value}" for name, value in parameters.items()]
        service.write_text("\n".join(["[warehouse]", *lines, ""]), encoding="utf-8")
        self.patch.setenv("PGSERVICEFILE", str(service))
        return "postgresql://?service=warehouse"


@pytest.fixture
def secured(secure: SecureServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Secured:
    for variable in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(variable)
    # No authority of the person who runs the tests.
    monkeypatch.setenv("HOME", str(tmp_path))
    return Secured(secure, monkeypatch, tmp_path)


def by_psycopg(url: str) -> bool:
    try:
        with connect(url, application="tls") as connection:
            assert connection.pgconn.ssl_in_use
    except psycopg.OperationalError:
        return False
    return True


def by_dbt(url: str) -> bool:
    """Connect with dbt's own code, as the worker lets it."""
    # What dbt/profiles.yml says.
    profile = {"host": "127.0.0.1", "port": 5432, "user": "beacon", "password": "", "retries": 0}
    names = {"database": "warehouse", "schema": "analytics", "application_name": "beacon:dbt"}
    credentials = PostgresCredentials.from_dict({**profile, **names})
    connection = Connection(Identifier("postgres"), "tls", credentials)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg2, "connect", psycopg2.connect)
        patch.setenv(URL_VARIABLE, url)
        connect_by_url()
        try:
            open_one: Any = PostgresConnectionManager.open
            handle = open_one(connection).handle
        except FailedToConnectError:
            return False
    assert handle.info.ssl_in_use
    handle.close()
    return True


def is_allowed(mode: str, ca: str, host: str) -> bool:
    """Say what libpq documents: the oracle of the table."""
    if mode == "disable":
        return False
    if mode in {"prefer", "require"} and ca == ABSENT:
        return True
    if mode == "prefer":
        # Tried in plain text when verification fails, which the server refuses.
        return ca == RIGHT
    return ca == RIGHT and (mode != "verify-full" or host == NAMED)


@pytest.mark.parametrize("client", [by_psycopg, by_dbt])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("certified", [False, True], ids=["password", "certificate"])
@pytest.mark.parametrize("line", TABLE, ids="-".join)
def test_each_client_is_as_strict_as_libpq_is_told_to_be(
    secured: Secured, line: Line, *, certified: bool, place: str, client: Callable[[str], bool]
) -> None:
    url = secured.url(place, *line, certified=certified)
    assert client(url) == is_allowed(*line)


def test_dbt_runs_over_the_line_that_it_was_told_to_use(secured: Secured) -> None:
    url = secured.url("service", "verify-full", RIGHT, NAMED, certified=True)
    # Fails where the line is not encrypted.
    query = "select 1 / (select ssl::int from pg_stat_ssl where pid = pg_backend_pid()) as line"
    run_dbt(["show", "--quiet", "--inline", query], url=url)


def test_doctor_says_how_each_line_is_secured(secured: Secured) -> None:
    url = secured.url("url", "verify-full", RIGHT, NAMED)
    found = {one.check: one.found for one in findings(url)}
    assert found["warehouse line"] == "encrypted; certificate and host name are verified"


@pytest.mark.parametrize(("ca", "host"), [(WRONG, NAMED), (ABSENT, NAMED), (RIGHT, UNNAMED)])
def test_doctor_never_advises_a_weaker_mode(secured: Secured, ca: str, host: str) -> None:
    [failed] = findings(secured.url("url", "verify-full", ca, host))
    assert "sslrootcert" in failed.remedy
    assert "host" in failed.remedy
    assert "sslmode" not in failed.remedy


def findings(url: str) -> list[Finding]:
    return list(database_findings("warehouse", "BEACON_WAREHOUSE_URL", url, lambda _: iter(())))
