"""Every fenced command of README and docs, in the order of its page, as a newcomer runs them."""

import os
import re
import shutil
import subprocess
import sysconfig
import threading
import venv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic

import polars as pl
import psycopg
import pytest
from psycopg import sql

from dagster_project.embedded_postgres.programs import installed_bindirs
from dagster_project.embedded_postgres.server import (
    RUNNER,
    WAREHOUSE,
    EmbeddedServer,
    embedded_server,
)
from dagster_project.paths import PROJECT_DIR, SQL_DIR
from dagster_project.postgres import read_sql
from dagster_project.runner_db.load import generate, load_manifest
from dagster_project.runner_db.spec import MIN_JOBS, RunnerSpec
from dagster_project.settings import Settings
from tests.docs.pages import (
    LANGUAGES,
    NOT_RUN,
    ONCE,
    PAGES,
    STANDS_FOR,
    Step,
    blocks,
    script,
    steps,
)

pytestmark = pytest.mark.timeout(1800)

EXPORT = re.compile(r"^export (BEACON_\w+)='([^']+)'", re.MULTILINE)
ELSEWHERE = ("docs/operator.md", "docs/rollout.md")
"""Pages whose commands work on the databases of README."""
HOST = "127.0.0.1"
MINUTE = 60
RESTORED = "restored"
FIRST_HOUR = ("make demo", "beacon report", "beacon jobs", "beacon browse", "beacon export")
NOT_IN_OCTOBER = "created_at not between '2025-10-01' and '2025-11-01'"
FLAGS = """
    select flag, array_agg(distinct split_part(execution_key, '#', 1))
    from analytics.execution_attempts, unnest(flags) as flag
    where execution_key like 'e:%' group by flag
"""
ATTEMPTS = """
    select attempt_reason, array_agg(execution_key) from analytics.execution_attempts
    where not is_current group by attempt_reason
"""
LOST = "select job_id from analytics.job_status where analysis_state = 'lost'"


@dataclass(frozen=True)
class Run:
    """What became of a page's commands."""

    exit_code: int
    printed: str
    steps: list[Step]
    last: str


@dataclass(frozen=True)
class Newcomer:
    """A clone in an empty home, and the variables of a shell that knows nothing of beacon."""

    clone: Path
    environment: Mapping[str, str]
    clone_seconds: float

    def run(self, page: str, **variables: str) -> Run:
        """Run a page from its first command to the one that fails."""
        trace = self.clone.parent / f"{Path(page).stem}.trace"
        finished = subprocess.run(
            ["/bin/bash", "-c", script(page)],
            cwd=self.clone,
            env={**self.environment, **variables, "TRACE": str(trace)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        last = trace.read_text(encoding="utf-8").rpartition("\n+ ")[2]
        return Run(finished.returncode, finished.stdout, steps(trace), last)


@pytest.fixture(scope="module")
def postgres_15(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """The machine's own Postgres: runner and warehouse of other owners, who may create roles."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with embedded_server(folder, installed_bindirs()[0], durable=False) as server:
        _roles(server)
        generate(_url(server, "owner", RUNNER), RunnerSpec(jobs=MIN_JOBS))
        with psycopg.connect(_url(server, "owner", RUNNER)) as owner:
            _keep_october(owner)
            owner.execute(read_sql(SQL_DIR / "roles" / "source_reader.sql"))
            owner.execute(_password("beacon_reader", server))
        yield server


def _roles(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as superuser:
        for name in ("owner", "beacon_owner"):
            superuser.execute(f"create role {name} login createrole".encode())
            superuser.execute(_password(name, server))
        for database, name in (
            (RUNNER, "owner"),
            (WAREHOUSE, "beacon_owner"),
            (RESTORED, "beacon_owner"),
        ):
            superuser.execute(f"create database {database} owner {name}".encode())


def _password(role: str, server: EmbeddedServer) -> sql.Composed:
    return sql.SQL("alter role {} password {}").format(sql.Identifier(role), server.password)


def _url(server: EmbeddedServer, role: str, database: str) -> str:
    return server.url(database, role)


def _keep_october(owner: psycopg.Connection[object]) -> None:
    """A month is enough, and a third of the work."""
    of_jobs = f"in (select id from jobs where {NOT_IN_OCTOBER})"
    for table in ("diffs", "executions"):
        owner.execute(f"delete from {table} where job_id {of_jobs}".encode())
    for table in ("cross_region_executions", "jobs"):
        owner.execute(f"delete from {table} where {NOT_IN_OCTOBER}".encode())


@pytest.fixture(scope="module")
def hook() -> Iterator[str]:
    """A webhook that takes everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"json://{HOST}:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def newcomer(
    postgres_15: EmbeddedServer, hook: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Newcomer]:
    folder = tmp_path_factory.mktemp("newcomer")
    clone, home, programs = folder / "clone", folder / "home", folder / "programs"
    before = monotonic()
    if (PROJECT_DIR / ".git").exists():
        subprocess.run(["/usr/bin/env", "git", "clone", "--quiet", PROJECT_DIR, clone], check=True)
    else:  # an archive, which has no history
        shutil.copytree(PROJECT_DIR, clone, ignore=shutil.ignore_patterns(".*", "build"))
    _install(clone)
    seconds = monotonic() - before
    home.mkdir()
    programs.mkdir()
    (programs / "xdg-open").write_text("#!/bin/sh\n", encoding="utf-8")
    (programs / "xdg-open").chmod(0o755)
    answer = {
        "job": "from-a-file",
        "region": "us",
        "model": "llama3.2-1b",
        "question": "math_basic",
        "text": "I cannot say.",
    }
    pl.DataFrame([answer]).write_parquet(clone / "answers.parquet")
    pl.DataFrame([answer]).write_ndjson(clone / "answers.ndjson")
    passwords = home / "passwords"
    passwords.write_text(f"*:*:*:*:{postgres_15.password}\n", encoding="utf-8")
    passwords.chmod(0o600)
    path = (clone / ".venv" / "bin", programs, installed_bindirs()[0])
    yield Newcomer(
        clone,
        {
            "HOME": str(home),
            "PATH": os.pathsep.join([*map(str, path), os.environ["PATH"]]),
            "LANG": "C.UTF-8",
            # Every host of a page is this machine, and the port that none names is this server's.
            "PGHOSTADDR": HOST,
            "PGPORT": str(postgres_15.port),
            "PGPASSFILE": str(passwords),
            "ALERTS": hook,
            # `make demo` makes the smaller one of the tour.
            "DEMO_JOBS": "60",
        },
        seconds,
    )
    subprocess.run([clone / ".venv" / "bin" / "beacon", "stop"], check=True)


def _install(clone: Path) -> None:
    """Take the packages that are installed for the tests; `make` installs the clone's own."""
    venv.create(clone / ".venv")
    (site_packages,) = (clone / ".venv" / "lib").glob("python*/site-packages")
    packages = sysconfig.get_path("purelib")
    (site_packages / "packages.pth").write_text(packages + "\n", encoding="utf-8")
    (clone / ".venv" / ".packages").touch()


@pytest.fixture(scope="module")
def first_hour(newcomer: Newcomer) -> Run:
    """README, whose demo all other pages go on with."""
    return newcomer.run("README.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_page_works(page: str, newcomer: Newcomer, first_hour: Run) -> None:
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    variables = dict(EXPORT.findall(readme)) if page in ELSEWHERE else {}
    run = first_hour if page == "README.md" else newcomer.run(page, **variables)
    assert run.exit_code == 0, f"{run.last}\n{run.printed[-3000:]}"


def test_the_first_hour_of_the_readme_takes_minutes(
    newcomer: Newcomer, first_hour: Run, record_property: Callable[[str, object], None]
) -> None:
    commands = [step.command for step in first_hour.steps]
    end = next(at for at, command in enumerate(commands) if command.startswith("export BEACON_"))
    measured = [Step("git clone", newcomer.clone_seconds), *first_hour.steps[:end]]
    for step in measured:
        record_property(f"first hour, {step.command}", f"{step.seconds:.1f} s")
    total = sum(step.seconds for step in measured)
    record_property("first hour, in all", f"{total:.0f} s")
    for command in FIRST_HOUR:
        assert any(step.command.startswith(command) for step in measured), command
    assert total < 15 * MINUTE


def test_the_demos_jobs_end_yesterday_and_are_what_was_planted(
    newcomer: Newcomer, first_hour: Run
) -> None:
    """The pipeline's tests compare jobs of 2025; those of a demo are made by other dates."""
    with embedded_server(newcomer.clone / ".beacon", Settings().pg_bindir) as server:
        manifest = load_manifest(server.url(RUNNER))
        with psycopg.connect(server.url(WAREHOUSE)) as warehouse:
            flags = warehouse.execute(FLAGS).fetchall()
            attempts = warehouse.execute(ATTEMPTS).fetchall()
            lost = warehouse.execute(LOST).fetchall()
    today = datetime.now(UTC).date()
    # The demo may have begun before midnight.
    recent = {(today - timedelta(days=days)).isoformat() for days in (1, 2)}
    assert max(manifest.job_days) in recent
    planted = {flag: sorted(entry.keys) for flag, entry in manifest.flags.items()}
    found = {str(flag): sorted(keys) for flag, keys in flags}
    assert {flag: found.get(flag, []) for flag in planted} == planted
    losers = {reason: sorted(entry.keys) for reason, entry in manifest.attempts.items()}
    assert {str(reason): sorted(keys) for reason, keys in attempts} == losers
    assert {str(job) for (job,) in lost} == set(manifest.incidents["I-12"].keys)


def test_every_page_with_commands_is_run() -> None:
    found = {
        str(path.relative_to(PROJECT_DIR))
        for path in (PROJECT_DIR / "README.md", *(PROJECT_DIR / "docs").rglob("*.md"))
        if any(blocks(str(path.relative_to(PROJECT_DIR))))
    }
    assert found == set(PAGES)


def test_every_exception_and_stand_in_is_needed() -> None:
    lines = [
        line
        for page in PAGES
        for block in blocks(page)
        if block.language in LANGUAGES
        for line in block.text.splitlines()
    ]
    assert [one for one in NOT_RUN if not any(line.startswith(one) for line in lines)] == []
    assert [one for one in STANDS_FOR if not any(re.search(one, line) for line in lines)] == []
    said = [line.partition("#")[0].strip() for line in lines]
    assert [one for one in ONCE if said.count(one) < 2] == []
