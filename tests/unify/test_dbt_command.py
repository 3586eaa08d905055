import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.partitions import Window
from dagster_project.unify.dbt_command import (
    build_everything,
    build_tables,
    inherited,
    window_vars,
)
from tests.command import HOSTILE

WEEK = Window(date(2025, 10, 6), date(2025, 10, 13))


def test_only_what_finds_programs_and_servers_reaches_dbt() -> None:
    wanted = {"PATH": "/bin", "LC_ALL": "C", "PGSSLMODE": "verify-full", "PGPASSFILE": "/p"}
    assert inherited({**wanted, **HOSTILE}) == wanted


def vars_of(arguments: list[str]) -> object:
    return json.loads(arguments[arguments.index("--vars") + 1])


def test_a_window_becomes_two_iso_dates() -> None:
    assert window_vars(WEEK) == {"window_start": "2025-10-06", "window_end": "2025-10-13"}


def test_no_window_is_the_empty_one() -> None:
    variables = window_vars(None)
    assert variables["window_start"] == variables["window_end"]


def test_a_stage_builds_and_tests_its_tables_for_its_window() -> None:
    arguments = build_tables(["analytics.job_status", "intermediate.int_jobs__requested"], WEEK)
    assert arguments[:4] == ["build", "--select", "job_status", "int_jobs__requested"]
    assert vars_of(arguments) == window_vars(WEEK)


def test_building_everything_works_on_no_day() -> None:
    assert vars_of(build_everything()) == window_vars(None)


READ_STATUS = """
import sys
from dagster_project.unify.dbt_run import run_dbt

run_dbt(["show", "--quiet", "--inline", "select 1 from {{ ref('job_status') }}"], url=sys.argv[1])
"""


def test_a_broken_parsed_project_is_parsed_anew(
    tmp_path: Path, built_template: str, postgres_server: EmbeddedServer
) -> None:
    kept = tmp_path / "dbt" / "partial_parse.msgpack"
    kept.parent.mkdir()
    kept.write_bytes(b"cut off")
    subprocess.run(
        [sys.executable, "-c", READ_STATUS, postgres_server.url(built_template)],
        env={**os.environ, "BEACON_HOME": str(tmp_path)},
        check=True,
    )
    assert kept.stat().st_size > len(b"cut off")
