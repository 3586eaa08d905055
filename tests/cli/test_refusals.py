"""What a command refuses, and that it says so by its exit code."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import typer

from dagster_project.cli.shared import USAGE, window_of
from tests.command import beacon
from tests.pipeline import Pipeline


def test_what_is_no_job_day_is_wrong_usage() -> None:
    for first in ("", "2025-10", "[red]", "0001-01-01", "9999-12-31"):
        with pytest.raises(typer.Exit) as refused:
            window_of(first, None)
        assert refused.value.exit_code == USAGE


def test_a_wrong_id_is_never_a_success(pipeline: Pipeline, tmp_path: Path) -> None:
    urls = {
        "BEACON_RUNNER_URL": pipeline.databases.runner,
        "BEACON_WAREHOUSE_URL": pipeline.databases.warehouse,
        "BEACON_PUBLISH_URL": pipeline.databases.runner,
    }
    for command in (
        ("job", "TYPO"),
        ("report", "--job", "TYPO"),
        ("publish", "--dry-run", "--job", "TYPO"),
        ("unpublish", "--dry-run", "--job", "TYPO"),
    ):
        finished = beacon(*command, home=tmp_path, **urls)
        assert finished.returncode == 1, (command, finished.stdout)
        assert "TYPO" in finished.stderr


def test_one_database_for_both_is_refused_unless_it_is_wanted(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database()
    # The same by another name.
    urls = {"BEACON_RUNNER_URL": url.replace("127.0.0.1", "localhost"), "BEACON_WAREHOUSE_URL": url}
    refused = beacon("setup", home=tmp_path, **urls)
    assert refused.returncode == 1
    assert "--same-database" in refused.stderr
    with psycopg.connect(url) as connection:
        found = connection.execute("select to_regnamespace('ops')").fetchone()
    assert found == (None,)
    allowed = beacon("setup", "--same-database", home=tmp_path, **urls)
    assert allowed.returncode == 0, allowed.stderr
