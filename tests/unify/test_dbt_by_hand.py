"""``beacon dbt``: commands of dbt look at the warehouse of a finished pipeline, and only look."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from dagster_project.cli.shared import USAGE
from dagster_project.partitions import ALL_DAYS
from dagster_project.unify.dbt_command import READING, by_hand
from tests.command import HOSTILE, beacon
from tests.pipeline import Pipeline

Dbt = Callable[..., CompletedProcess[str]]


@pytest.fixture
def dbt(pipeline: Pipeline) -> Dbt:
    return partial(
        beacon,
        "dbt",
        home=pipeline.home,
        BEACON_RUNNER_URL=pipeline.databases.runner,
        BEACON_WAREHOUSE_URL=pipeline.databases.warehouse,
    )


def test_a_model_is_shown_for_the_days_that_were_asked_for(dbt: Dbt, pipeline: Pipeline) -> None:
    day = max(pipeline.manifest.job_days)
    options = ("--select", "job_status", "--output", "json", "--from", day, "--to", day)
    shown = dbt("show", *options, **HOSTILE)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    document = json.loads(shown.stdout[shown.stdout.index("{") :])
    assert {row["job_day"][:10] for row in document["show"]} == {day}


def test_data_tests_pass_and_the_documentation_is_written(dbt: Dbt, pipeline: Pipeline) -> None:
    tested = dbt("test", "--select", "job_status")
    assert tested.returncode == 0, tested.stdout
    made = dbt("docs", "generate", "--select", "job_status")
    assert made.returncode == 0, made.stdout
    assert (pipeline.home / "dbt" / "by_hand" / "index.html").exists()


def test_nothing_is_written_whatever_is_asked(dbt: Dbt) -> None:
    deleting = "with gone as (delete from raw.jobs returning 1 as one) select one from gone"
    tried = dbt("show", "--inline", deleting)
    assert tried.returncode != 0
    assert "read-only transaction" in tried.stdout


@pytest.mark.parametrize("command", ["run", "build", "seed", "snapshot", "run-operation", "clone"])
def test_what_builds_points_to_the_command_that_does(command: str, tmp_path: Path) -> None:
    refused = beacon("dbt", command, "--select", "x", home=tmp_path)
    assert refused.returncode == USAGE
    assert ("beacon setup" if command == "seed" else "beacon backfill") in refused.stderr
    assert command not in READING


def test_somebodys_own_vars_stay() -> None:
    assert by_hand(["ls", "--vars", "{}"], ALL_DAYS) == ["ls", "--vars", "{}"]
    assert by_hand(["ls", "--vars={}"], ALL_DAYS) == ["ls", "--vars={}"]
