"""``beacon connect``: the login that it makes reads what analysts may, and nothing else."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest
import sqlalchemy
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict

from dagster_project.deliver.login import Login, LoginError, make_login
from dagster_project.embedded_postgres.programs import find_bindir
from dagster_project.postgres import read_sql, sql_files
from dagster_project.settings import Settings
from tests.command import beacon
from tests.pipeline import Pipeline
from tests.roles import url_as

ADA, BOB = "test_ada", "test_bob"
RELATIONS = """
    select relnamespace::regnamespace::text, relname
    from pg_class
    where relkind in ('r', 'p', 'v', 'm')
        and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', %s)
        and relnamespace::regnamespace::text not like 'pg\\_%%'
"""


@pytest.fixture(scope="module")
def ada(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    url = pipeline.databases.warehouse
    yield make_login(url, ADA, tmp_path_factory.mktemp("logins"))
    drop_role(url, ADA)


def drop_role(url: str, name: str) -> None:
    with psycopg.connect(url) as owner:
        owner.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))


@pytest.mark.parametrize("path", sql_files("analyst"), ids=lambda path: path.stem)
def test_the_login_runs_every_analysts_query(ada: Login, path: Path) -> None:
    with psycopg.connect(ada.conninfo) as session:
        assert session.execute(read_sql(path)).fetchone() is not None


def test_the_login_reads_no_relation_of_another_schema_or_of_the_runner(
    ada: Login, pipeline: Pipeline
) -> None:
    databases = pipeline.databases
    for url, readable in ((databases.warehouse, "analytics"), (databases.runner, "")):
        with psycopg.connect(url) as owner:
            others = owner.execute(RELATIONS, (readable,)).fetchall()
            dbname = owner.info.dbname
        assert {schema for schema, _ in others} >= ({"raw", "ops"} if readable else {"public"})
        with psycopg.connect(
            psycopg.conninfo.make_conninfo(ada.conninfo, dbname=dbname, passfile=None),
            password=ada.password_file.read_text().rpartition(":")[2].strip(),
            autocommit=True,
        ) as session:
            for schema, name in others:
                with pytest.raises(errors.InsufficientPrivilege):
                    session.execute(sql.SQL("table {}").format(sql.Identifier(schema, name)))


def test_the_login_writes_nothing_even_when_it_says_that_it_may(ada: Login) -> None:
    with psycopg.connect(ada.conninfo, autocommit=True) as session:
        assert session.execute("select count(*) from job_status").fetchone() is not None
        with pytest.raises(errors.ReadOnlySqlTransaction):
            session.execute("create table mine ()")
        session.execute("set default_transaction_read_only = off")
        for statement in ("create table analytics.mine ()", "create table public.mine ()"):
            with pytest.raises(errors.InsufficientPrivilege):
                session.execute(statement.encode())
        with pytest.raises(errors.InsufficientPrivilege):
            session.execute("set role none; alter role test_ada createrole")


def test_the_lines_for_psql_and_sqlalchemy_open_a_session(ada: Login) -> None:
    psql = str(find_bindir(Settings().pg_bindir) / "psql")
    finished = subprocess.run(
        [psql, ada.conninfo, "-Atc", "select current_user"],
        capture_output=True,
        text=True,
        check=True,
    )
    engine = sqlalchemy.create_engine(ada.url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as session:
        (user,) = session.execute(sqlalchemy.text("select current_user")).one()
    assert {finished.stdout.strip(), user} == {ADA}


def test_a_second_call_changes_no_password_and_a_lost_file_is_made_anew(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    url = pipeline.databases.warehouse
    try:
        first = make_login(url, BOB, tmp_path)
        kept = first.password_file.read_text()
        assert stat.S_IMODE(first.password_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
        second = make_login(url, BOB, tmp_path)
        assert (first.is_new, second.is_new) == (True, False)
        assert second.password_file.read_text() == kept
        second.password_file.unlink()
        third = make_login(url, BOB, tmp_path)
        assert third.is_new
        assert third.password_file.read_text() != kept
    finally:
        drop_role(url, BOB)


@pytest.mark.parametrize("name", ["", "pg_reader", "Ada", "a b", "a'b", "x" * 64])
def test_a_name_that_is_none_is_refused(name: str, pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(LoginError, match="no name for a login"):
        make_login(pipeline.databases.warehouse, name, tmp_path)


def test_a_role_of_somebody_else_stays_as_it_is(pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(LoginError, match="was not made by beacon connect"):
        make_login(pipeline.databases.warehouse, "beacon_portal", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_owner_who_may_make_no_roles_is_told_what_to_grant(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute("create role no_creator login")
        try:
            with pytest.raises(LoginError, match="alter role no_creator createrole"):
                make_login(url_as(url, "no_creator"), BOB, tmp_path)
        finally:
            superuser.execute("drop role no_creator")
    assert list(tmp_path.iterdir()) == []


def test_the_command_shows_no_password_and_what_is_to_be_typed_works(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    urls = {
        "BEACON_RUNNER_URL": pipeline.databases.runner,
        "BEACON_WAREHOUSE_URL": pipeline.databases.warehouse,
    }
    try:
        shown = beacon("connect", BOB, home=tmp_path, **urls)
        as_json = beacon("connect", BOB, "--json", home=tmp_path, **urls)
        ran = [_typed(program, shown.stdout) for program in ("psql", "pandas")]
    finally:
        drop_role(pipeline.databases.warehouse, BOB)
    assert (shown.returncode, as_json.returncode) == (0, 0), shown.stderr + as_json.stderr
    document = json.loads(as_json.stdout)
    password = Path(document["passfile"]).read_text().rpartition(":")[2].strip()
    assert len(password) > 20
    assert password not in shown.stdout + shown.stderr + as_json.stdout
    assert ran == [0, 0]
    lines = _lines(shown.stdout)
    (attach,) = duckdb.extract_statements(lines["DuckDB"][0])
    assert attach.type is duckdb.StatementType.ATTACH
    assert conninfo_to_dict(attach.query.split("'", 1)[1].rsplit("'", 1)[0].replace("''", "'")) == (
        conninfo_to_dict(document["conninfo"])
    )
    fields = lines["DBeaver, Metabase (PostgreSQL)"][0].split(", ")[:4]
    assert fields == [f"{key} {document[key]}" for key in ("host", "port", "dbname", "user")]


def _lines(shown: str) -> dict[str, list[str]]:
    """Return what is to be typed, by program."""
    typed: dict[str, list[str]] = {}
    for line in shown.splitlines():
        if line.startswith("  "):
            typed[list(typed)[-1]].append(line.strip())
        else:
            typed[line.rstrip(":")] = []
    return typed


def _typed(program: str, shown: str) -> int:
    """Type the lines for a program, in a shell or in Python; returns the exit code."""
    found = next(lines for name, lines in _lines(shown).items() if name.startswith(program))
    command = ["/bin/sh", "-ec", *found]
    if program == "pandas":
        script = "\n".join(["import pandas, sqlalchemy", *found, "engine.dispose()"])
        command = [sys.executable, "-W", "error", "-c", script]
    bindir = find_bindir(Settings().pg_bindir)
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{bindir}{os.pathsep}{os.environ['PATH']}"},
        check=False,
    ).returncode
