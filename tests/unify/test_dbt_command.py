import json
from datetime import date

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
