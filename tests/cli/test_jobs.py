"""``beacon jobs`` against the rows of a finished pipeline."""

import json
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from dagster_project.cli.shared import USAGE
from tests.command import beacon
from tests.pipeline import Pipeline

WIDTH = 80
FILTERS: dict[tuple[str, ...], LiteralString] = {
    (): "select job_id from analytics.job_status",
    ("--state", "lost"): "select job_id from analytics.job_status where analysis_state = 'lost'",
    ("--workflow", "cross_region"): (
        "select job_id from analytics.job_status where workflow = 'cross_region'"
    ),
    ("--from", "2025-10-01", "--to", "2025-10-31"): (
        "select job_id from analytics.job_status"
        " where job_day between '2025-10-01' and '2025-10-31'"
    ),
    ("--verdict", "insufficient_data", "--state", "analysed"): (
        "select job_id from analytics.job_verdicts join analytics.job_status using (job_id)"
        " where verdict = 'insufficient_data' and analysis_state = 'analysed'"
    ),
    ("--model", "mistral-7b", "--region", "ASIA"): (
        "select job_id from analytics.job_progress"
        " where model_id = 'mistral-7b' and requested_region = 'ASIA'"
    ),
    ("TEST-BIAS",): "select job_id from analytics.job_status where job_id like '%test-bias%'",
}


@pytest.fixture
def urls(pipeline: Pipeline) -> dict[str, str]:
    return {
        "BEACON_RUNNER_URL": pipeline.databases.runner,
        "BEACON_WAREHOUSE_URL": pipeline.databases.warehouse,
    }


def listed(home: Path, urls: dict[str, str], *arguments: str) -> dict[str, Any]:
    finished = beacon("jobs", "--json", *arguments, home=home, **urls)
    assert finished.returncode == 0, finished.stderr
    document: dict[str, Any] = json.loads(finished.stdout)
    return document


@pytest.mark.parametrize("arguments", FILTERS)
def test_a_filter_lets_exactly_the_jobs_through_that_have_the_value(
    arguments: tuple[str, ...], pipeline: Pipeline, urls: dict[str, str], tmp_path: Path
) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        expected = {job for (job,) in connection.execute(FILTERS[arguments])}
    document = listed(tmp_path, urls, "--limit", "1000", *arguments)
    assert expected
    assert {job["job_id"] for job in document["jobs"]} == expected
    assert document["matching"] == document["shown"] == len(expected)


def test_the_newest_jobs_are_shown_and_the_rest_is_counted(
    urls: dict[str, str], tmp_path: Path
) -> None:
    every = listed(tmp_path, urls, "--limit", "1000")
    some = listed(tmp_path, urls, "--limit", "3")
    assert some["jobs"] == every["jobs"][:3]
    assert (some["matching"], some["shown"]) == (every["matching"], 3)
    days = [job["job_day"] for job in every["jobs"]]
    assert days == sorted(days, reverse=True)


def test_the_table_fits_80_columns_and_says_how_many_are_left_out(
    urls: dict[str, str], tmp_path: Path
) -> None:
    finished = beacon("jobs", "--limit", "3", home=tmp_path, **urls)
    lines = finished.stdout.splitlines()
    assert max(map(len, lines)) <= WIDTH
    every = listed(tmp_path, urls)["matching"]
    assert f"{every - 3} are left out" in lines[-1]


def test_a_value_that_no_job_has_is_answered_with_those_that_there_are(
    urls: dict[str, str], tmp_path: Path
) -> None:
    finished = beacon("jobs", "--region", "us-east", home=tmp_path, **urls)
    assert finished.returncode == USAGE
    assert "ASIA, EU" in finished.stderr
    assert listed(tmp_path, urls, "no-such-id") == {"matching": 0, "shown": 0, "jobs": []}
