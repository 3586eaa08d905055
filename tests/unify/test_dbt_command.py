import json
from datetime import date

from dagster_project.partitions import Window
from dagster_project.unify.dbt_command import (
    build_everything,
    build_tables,
    dbt_environment,
    window_vars,
)

WEEK = Window(date(2025, 10, 6), date(2025, 10, 13))


def vars_of(arguments: list[str]) -> object:
    return json.loads(arguments[arguments.index("--vars") + 1])


def test_a_url_becomes_the_variables_that_the_profile_reads() -> None:
    url = "postgresql://owner:p%40ss@db.example:6543/warehouse?sslmode=require"
    assert dbt_environment(url) == {
        "BEACON_DBT_HOST": "db.example",
        "BEACON_DBT_PORT": "6543",
        "BEACON_DBT_USER": "owner",
        "BEACON_DBT_PASSWORD": "p@ss",
        "BEACON_DBT_DBNAME": "warehouse",
        "BEACON_DBT_SSLMODE": "require",
    }


def test_what_a_url_leaves_out_keeps_the_default_of_the_profile() -> None:
    assert dbt_environment("host=/run/postgresql dbname=warehouse") == {
        "BEACON_DBT_HOST": "/run/postgresql",
        "BEACON_DBT_DBNAME": "warehouse",
    }


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
