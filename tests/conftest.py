"""Servers and databases for the tests. Holds no test data."""

from collections.abc import Callable, Generator, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psycopg
import pytest
from psycopg import sql
from upath import UPath

from dagster_project.embedded_postgres.programs import (
    find_bindir,
    installed_bindirs,
    major_version,
    wheel_bindirs,
)
from dagster_project.embedded_postgres.server import (
    EmbeddedServer,
    create_database,
    embedded_server,
)
from dagster_project.settings import Settings
from dagster_project.unify.dbt_command import build_everything
from dagster_project.unify.dbt_run import run_dbt
from dagster_project.warehouse import create_schema
from tests.shared import CANNOT_MOUNT, IS_ABSENT, SHARED_DIR
from tests.store import BUCKET, s3_server

if TYPE_CHECKING:
    from tests.pipeline import Pipeline
    from tests.real_rows import RealRows

WAREHOUSE_TEMPLATE, BUILT_TEMPLATE = "warehouse_template", "dbt_template"

_numbers = count(1)

# How long an example takes says more of the machine than of what is tested.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_report_header() -> list[str]:
    """Say what the run stands on, before its first test."""
    bindir = find_bindir(Settings().pg_bindir)
    shared = f"{SHARED_DIR} is absent: tests that compare with it are skipped"
    return [
        f"postgres: {major_version(bindir)} ({bindir})",
        shared if IS_ABSENT else f"shared: {SHARED_DIR}",
    ]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a test that skips although the files are there fail."""
    report = yield
    may_skip = IS_ABSENT or CANNOT_MOUNT in str(report.longrepr) or hasattr(report, "wasxfail")
    if report.skipped and not may_skip:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} skipped, but nothing is missing: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """One embedded server for the whole run; its ``url`` is the owner's."""
    home = tmp_path_factory.mktemp("server")
    with embedded_server(home, Settings().pg_bindir, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def external_postgres(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[EmbeddedServer | None]:
    """A second server from other programs than the embedded one's; None if there are no others."""
    embedded = find_bindir(Settings().pg_bindir)
    others = [path for path in (*installed_bindirs(), *wheel_bindirs()) if path != embedded]
    if not others:
        yield None
        return
    with embedded_server(tmp_path_factory.mktemp("external"), others[0], durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def pipeline(
    postgres_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Pipeline"]:
    """A synthetic runner database taken through real Dagster runs: read it, do not change it."""
    # Loading Dagster's definitions takes seconds, which a unit test must not pay.
    from tests.pipeline import finished_pipeline  # noqa: PLC0415

    with finished_pipeline(postgres_server, tmp_path_factory.mktemp("pipeline")) as finished:
        yield finished


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """URL of a bucket of a real S3 server, whose variables this process has until the end."""
    with s3_server() as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        UPath(f"s3://{BUCKET}").mkdir()
        yield f"s3://{BUCKET}"


@pytest.fixture(params=["folder", "store"])
def output_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """BEACON_OUTPUT_URL, set: another folder than BEACON_HOME, then a prefix of a store."""
    folder = (tmp_path / "out puts").as_uri()
    is_store = request.param == "store"
    url = f"{request.getfixturevalue('store')}/{tmp_path.name}" if is_store else folder
    monkeypatch.setenv("BEACON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BEACON_OUTPUT_URL", url)
    return url


@pytest.fixture(scope="session")
def built_template(postgres_server: EmbeddedServer, warehouse_template: str) -> str:
    """Name of a warehouse in which dbt has built every relation, without rows."""
    copy_database(postgres_server, warehouse_template, BUILT_TEMPLATE)
    run_dbt(build_everything(), url=postgres_server.url(BUILT_TEMPLATE))
    return BUILT_TEMPLATE


@pytest.fixture(scope="session")
def real(postgres_server: EmbeddedServer, built_template: str) -> "RealRows":
    """The rows of ../shared in a runner and a warehouse: read them, do not change them."""
    from tests.real_rows import process_real_rows  # noqa: PLC0415  for the same reason

    copy_database(postgres_server, built_template, "real_rows_warehouse")
    return process_real_rows(postgres_server, postgres_server.url("real_rows_warehouse"))


@pytest.fixture
def new_database(postgres_server: EmbeddedServer) -> Iterator[Callable[[], str]]:
    """A factory of fresh empty databases, dropped after the test: ``new_database() -> url``."""
    names: list[str] = []

    def create() -> str:
        names.append(f"test_{next(_numbers)}")
        create_database(postgres_server, names[-1])
        return postgres_server.url(names[-1])

    yield create
    for name in names:
        drop_database(postgres_server, name)


@pytest.fixture
def runner_url(new_database: Callable[[], str]) -> str:
    """Owner URL of a fresh empty database that stands for the runner's."""
    return new_database()


@pytest.fixture(scope="session")
def warehouse_template(postgres_server: EmbeddedServer) -> str:
    """Name of a database with the warehouse's schema, to be copied."""
    create_database(postgres_server, WAREHOUSE_TEMPLATE)
    create_schema(postgres_server.url(WAREHOUSE_TEMPLATE))
    return WAREHOUSE_TEMPLATE


@pytest.fixture
def warehouse_url(postgres_server: EmbeddedServer, warehouse_template: str) -> Iterator[str]:
    """Owner URL of a fresh warehouse: schemas, tables and functions, no rows."""
    name = f"warehouse_{next(_numbers)}"
    copy_database(postgres_server, warehouse_template, name)
    yield postgres_server.url(name)
    drop_database(postgres_server, name)


def copy_database(server: EmbeddedServer, template: str, name: str) -> None:
    """Make a database as a copy of another one."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        # Not block by block through the log, which takes thrice as long.
        copy = sql.SQL("create database {} template {} strategy file_copy")
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))


def drop_database(server: EmbeddedServer, name: str) -> None:
    """Drop a database, whoever uses it."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )
