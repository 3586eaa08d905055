"""What doctor and the standing checks print as a remedy, followed to the letter, helps.

The others are followed where their fault is made: privileges and policies in test_databases.py,
limits in test_machine.py, lost rows and whole tables in cli/test_backfill.py.
"""

import shlex
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from dagster_project.cli.app import app
from dagster_project.doctor.finding import Level
from dagster_project.doctor.warehouse import warehouse_findings
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.orchestrate.checks import standing_results
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from tests.orchestrate.copies import copied_pipeline
from tests.pipeline import Pipeline

SET = "update ops.partition_ledger set {change} where stage = 'analyse' and job_day = {day}"
FIRST, LAST = (
    f"(select {end}(job_day) from ops.partition_ledger where stage = 'analyse')"
    for end in ("min", "max")
)
FAULTS = (
    "drop view portal.bias_analysis",
    "update seeds.questions set category = 'x'",
    "delete from seeds.providers",
    f"delete from ops.partition_ledger where stage = 'analyse' and job_day = {FIRST}",
    SET.format(change="method_version = 'old'", day=FIRST),
    SET.format(change="status = 'quarantined'", day=LAST),
)


def remedies(databases: Databases) -> dict[str, str]:
    """Return what is wrong now, each with the command that its remedy ends with."""
    with psycopg.connect(databases.warehouse, autocommit=True) as connection:
        found = {
            one.check: one.remedy
            for one in warehouse_findings(connection, Settings().home)
            if one.level is not Level.OK
        }
    checks = {
        str(one.check_name): str(one.metadata["remedy"].value)
        for one in standing_results(databases)
        if not one.passed
    }
    return {name: text.rpartition(": ")[2] for name, text in (found | checks).items()}


def test_each_remedy_of_doctor_and_of_the_standing_checks_helps(
    pipeline: Pipeline,
    postgres_server: EmbeddedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert pipeline.run_ids
    with copied_pipeline(postgres_server) as databases:
        monkeypatch.delenv("DAGSTER_HOME", raising=False)
        monkeypatch.setenv("BEACON_HOME", str(tmp_path))
        monkeypatch.setenv("BEACON_RUNNER_URL", databases.runner)
        monkeypatch.setenv("BEACON_WAREHOUSE_URL", databases.warehouse)
        assert remedies(databases) == {}
        with psycopg.connect(databases.warehouse, autocommit=True) as warehouse:
            for fault in FAULTS:
                warehouse.execute(fault.encode())
        followed: list[str] = []
        while left := remedies(databases):
            command = next(iter(left.values()))
            assert command not in followed, (left, followed)
            program, *arguments = shlex.split(command)
            assert program == "beacon"
            done = CliRunner().invoke(app, arguments)
            assert done.exit_code == 0, (command, done.output, done.exception)
            followed.append(command)
    assert followed[0] == "beacon setup"
    assert {"beacon backfill --only stale", "beacon backfill --only failed"} <= {*followed}
