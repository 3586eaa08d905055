"""``beacon job`` on a finished pipeline, and what all commands do with colour and silence."""

import json
import re
from pathlib import Path
from subprocess import CompletedProcess

import psycopg
import pytest

from dagster_project.cli.shared import FAILED
from tests.command import beacon
from tests.pipeline import Pipeline

WIDTH = 80


@pytest.fixture
def urls(pipeline: Pipeline) -> dict[str, str]:
    """Variables that name the finished pipeline's databases."""
    return {
        "BEACON_RUNNER_URL": pipeline.databases.runner,
        "BEACON_WAREHOUSE_URL": pipeline.databases.warehouse,
    }


def job_of(pipeline: Pipeline, state: str) -> str:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        found = connection.execute(
            "select min(job_id) from analytics.job_status where analysis_state = %s", (state,)
        ).fetchall()
    ((job_id,),) = found
    assert job_id is not None
    return str(job_id)


def lines(finished: CompletedProcess[str]) -> list[str]:
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()


def test_a_job_is_shown_with_progress_and_metrics_in_80_columns(
    pipeline: Pipeline, urls: dict[str, str], tmp_path: Path
) -> None:
    shown = lines(beacon("job", job_of(pipeline, "analysed"), home=tmp_path, **urls))
    assert max(map(len, shown)) <= WIDTH
    for word in (
        "Do regions differ in this job?",
        "Progress by region and model",
        "refusal rate",
        "narrative divergence",
    ):
        assert word in "\n".join(shown)


def test_a_job_without_an_analysis_says_why(
    pipeline: Pipeline, urls: dict[str, str], tmp_path: Path
) -> None:
    shown = lines(beacon("job", job_of(pipeline, "single_region"), home=tmp_path, **urls))
    assert "No comparison between regions: single_region." in shown


def test_json_holds_the_rows_of_the_job(
    pipeline: Pipeline, urls: dict[str, str], tmp_path: Path
) -> None:
    job_id = job_of(pipeline, "analysed")
    document = json.loads(
        "\n".join(lines(beacon("job", job_id, "--json", "--quiet", home=tmp_path, **urls)))
    )
    for part in ("job", "metrics", "verdict"):
        assert document[part]["job_id"] == job_id
    assert {part["job_id"] for part in document["progress"] + document["regions"]} == {job_id}
    assert sum(part["expected"] for part in document["progress"]) == document["job"]["expected"]


def test_an_unknown_id_is_told_the_nearest_ones(
    pipeline: Pipeline, urls: dict[str, str], tmp_path: Path
) -> None:
    job_id = job_of(pipeline, "analysed")
    mistyped = f"{job_id[:-1]}x"
    finished = beacon("job", mistyped, home=tmp_path, **urls)
    assert finished.returncode == FAILED
    assert job_id in finished.stderr
    assert finished.stdout == ""


def test_quiet_counts_before_and_after_the_command(
    pipeline: Pipeline, urls: dict[str, str], tmp_path: Path
) -> None:
    job_id = job_of(pipeline, "analysed")
    for arguments in (("--quiet", "job", job_id), ("job", job_id, "--quiet")):
        assert lines(beacon(*arguments, home=tmp_path, **urls)) == []


def test_no_color_is_honoured(pipeline: Pipeline, urls: dict[str, str], tmp_path: Path) -> None:
    job_id = job_of(pipeline, "analysed")
    coloured = re.compile("\x1b\\[[0-9;]*3[0-9]")
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    plain = beacon("job", f"{job_id}x", home=tmp_path, NO_COLOR="1", **terminal, **urls)
    bright = beacon("job", f"{job_id}x", home=tmp_path, **terminal, **urls)
    assert coloured.search(bright.stderr)
    assert not coloured.search(plain.stderr)


def test_a_url_that_cannot_be_read_is_never_shown(tmp_path: Path) -> None:
    finished = beacon(
        "job",
        "a",
        home=tmp_path,
        BEACON_RUNNER_URL="postgres//user:secret@host/runner",
        BEACON_WAREHOUSE_URL="postgres//user:secret@host/warehouse",
    )
    assert finished.returncode != 0
    assert "secret" not in finished.stdout + finished.stderr


def test_the_doctor_finds_nothing_to_mend_in_a_finished_pipeline(
    urls: dict[str, str], tmp_path: Path
) -> None:
    finished = beacon("doctor", "--json", home=tmp_path, **urls)
    findings = json.loads(finished.stdout)
    assert [one for one in findings if one["level"] == "fail"] == []
    assert finished.returncode == 0


def test_the_doctor_fails_with_a_remedy_and_without_the_password(
    urls: dict[str, str], tmp_path: Path
) -> None:
    wrong = re.sub(r":[^:@]+@", ":not-the-password@", urls["BEACON_RUNNER_URL"])
    finished = beacon("doctor", home=tmp_path, **{**urls, "BEACON_RUNNER_URL": wrong})
    assert finished.returncode == FAILED
    assert "Correct the password in BEACON_RUNNER_URL" in finished.stdout
    assert "not-the-password" not in finished.stdout + finished.stderr
    assert max(map(len, finished.stdout.splitlines())) <= WIDTH
