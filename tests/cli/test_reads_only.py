"""No command writes to a runner's database that beacon did not make: told by the server's log."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from dagster_project.cli.app import app
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.stage import Databases
from tests.faults.faults import until
from tests.orchestrate.copies import copied_pipeline
from tests.pipeline import Pipeline

ANSWERS = '{"job": "j", "region": "US", "model": "m", "question": "q", "text": "x"}\n'
TOUCH = "update ops.partition_ledger set build_id = gen_random_uuid(), source_fingerprint = 'old'"

COMMANDS: dict[str, tuple[int, list[str]] | None] = {
    "demo": (1, ["demo"]),
    "setup": (0, ["setup"]),
    # Talks to the demo's server alone.
    "stop": None,
    "status": (0, ["status"]),
    # Talks to Dagster's instance alone.
    "health": None,
    "plan": (0, ["plan"]),
    "backfill": (0, ["backfill", "--from", "{day}", "--to", "{day}"]),
    "load-answers": (1, ["load-answers", "{answers}"]),
    # Without a database.
    "score": None,
    "label": (0, ["label"]),
    "semantic": (0, ["semantic"]),
    "jobs": (0, ["jobs"]),
    "job": (0, ["job", "{job}"]),
    "forget": (0, ["forget", "--job", "{job}", "--reason", "asked", "--dry-run"]),
    "prune": (0, ["prune"]),
    "psql": (1, ["psql", "--runner", "--", "-c", "create table public.x ()"]),
    # Serves; its runs are those of backfill.
    "ui": None,
    "report": (0, ["report"]),
    "browse": (0, ["browse"]),
    "snapshot": (0, ["snapshot"]),
    "dbt": (0, ["dbt", "ls", "--quiet"]),
    # Makes a role; the login lives no longer than the server of the tests.
    "connect": (0, ["connect", "read_only_analyst"]),
    "export": (0, ["export", "job_status", "--to", "{answers}.csv"]),
    "publish": (0, ["publish", "--dry-run"]),
    "unpublish": (0, ["unpublish", "--dry-run"]),
    "doctor": (None, ["doctor"]),  # type: ignore[dict-item]  # as the machine is
}
"""Exit code and arguments of every command."""

WAREHOUSE_ALONE = frozenset(
    {
        *("setup", "label", "semantic", "prune", "jobs", "job", "report", "snapshot", "dbt"),
        *("connect", "export", "browse"),
    }
)


@pytest.fixture
def unmarked(
    pipeline: Pipeline, postgres_server: EmbeddedServer, tmp_path: Path
) -> Iterator[Databases]:
    """A pipeline over a runner's database without a mark, of which each statement is logged."""
    assert pipeline.run_ids
    with (
        copied_pipeline(postgres_server) as databases,
        psycopg.connect(databases.runner, autocommit=True) as owner,
    ):
        owner.execute("drop schema beacon_synthetic cascade")
        name = sql.Identifier(str(conninfo_to_dict(databases.runner)["dbname"]))
        owner.execute(sql.SQL("alter database {} set log_statement = 'all'").format(name))
        owner.execute("alter system set log_line_prefix = 'session %p in %d: '")
        owner.execute("select pg_reload_conf()")
        until(lambda: _shown(databases.runner).startswith("session"))
        yield databases
        owner.execute("alter system reset log_line_prefix")
        owner.execute("select pg_reload_conf()")
        assert tmp_path.exists()


def _shown(url: str) -> str:
    with psycopg.connect(url) as connection:
        found = connection.execute("show log_line_prefix").fetchone()
    return str(found[0]) if found else ""


def statements(log: str, database: str) -> dict[str, list[str]]:
    """Return the statements of each session in a database."""
    sessions: dict[str, list[str]] = {}
    line = re.compile(
        rf"session (\d+) in {re.escape(database)}: LOG:  (?:statement|execute [^:]*): (.*)"
    )
    for pid, statement in line.findall(log):
        sessions.setdefault(pid, []).append(statement)
    return sessions


def outside_of_read_only(session: list[str]) -> list[str]:
    """Return what a session did in no transaction, or in one that may write."""
    found, is_safe = [], False
    for statement in session:
        words = statement.upper()
        if words.startswith("BEGIN"):
            is_safe = "READ ONLY" in words
        if not is_safe:
            found.append(statement)
        if words.startswith(("COMMIT", "ROLLBACK")) and "TO" not in words.split():
            is_safe = False
    return found


def test_every_session_of_every_command_on_an_unmarked_source_is_a_read_only_transaction(
    unmarked: Databases,
    postgres_server: EmbeddedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = {one.name or getattr(one.callback, "__name__", "") for one in app.registered_commands}
    assert names == set(COMMANDS)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("BEACON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BEACON_RUNNER_URL", unmarked.runner)
    monkeypatch.setenv("BEACON_PUBLISH_URL", unmarked.runner)
    monkeypatch.setenv("BEACON_WAREHOUSE_URL", unmarked.warehouse)
    answers = tmp_path / "answers.ndjson"
    answers.write_text(ANSWERS, encoding="utf-8")
    with psycopg.connect(unmarked.warehouse) as warehouse:
        found = warehouse.execute(
            "select job_id, job_day from analytics.job_status where workflow = 'standard' limit 1"
        ).fetchone()
        assert found is not None
        warehouse.execute(TOUCH.encode())
    database = str(conninfo_to_dict(unmarked.runner)["dbname"])
    for name, wanted in COMMANDS.items():
        if wanted is None:
            continue
        exit_code, arguments = wanted
        before = postgres_server.log.stat().st_size
        filled = [one.format(job=found[0], day=found[1], answers=answers) for one in arguments]
        done = CliRunner().invoke(app, filled)
        assert exit_code in (None, done.exit_code), (name, done.output, done.exception)
        with postgres_server.log.open("rb") as log:
            log.seek(before)
            sessions = statements(log.read().decode(errors="replace"), database)
        if name != "psql":
            faults = {pid: outside_of_read_only(session) for pid, session in sessions.items()}
            assert not any(faults.values()), (name, faults)
        assert sessions or name in WAREHOUSE_ALONE, name
