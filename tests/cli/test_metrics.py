"""What Prometheus' own parser reads from ``beacon status --prometheus``."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dagster_project.backfill.plan import current_plan
from dagster_project.cli.shared import USAGE
from tests.command import beacon
from tests.pipeline import Pipeline

Samples = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def urls(pipeline: Pipeline) -> dict[str, str]:
    return {
        "BEACON_RUNNER_URL": pipeline.databases.runner,
        "BEACON_WAREHOUSE_URL": pipeline.databases.warehouse,
    }


def parsed(text: str) -> Samples:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_metrics_are_those_of_status(
    pipeline: Pipeline, urls: dict[str, str], tmp_path: Path
) -> None:
    finished = beacon("status", "--prometheus", home=tmp_path, **urls)
    assert finished.returncode == 0, finished.stderr
    found = parsed(finished.stdout)
    assert found["beacon_job_days", ("current",)] == len(current_plan(pipeline.databases))
    assert found["beacon_job_days", ("failed",)] == 0
    assert found["beacon_last_done_timestamp_seconds", ()] > 1e9
    # Every day is current.
    assert ("beacon_oldest_waiting_day_timestamp_seconds", ()) not in found


def test_the_file_is_replaced_whole_and_nothing_is_left_beside_it(
    urls: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "textfiles"
    folder.mkdir()
    file = folder / "beacon.prom"
    file.write_text("what stood there")
    before = file.stat().st_ino
    command = ("status", "--prometheus", "--to", str(file))
    assert beacon(*command, home=tmp_path / "home", **urls).returncode == 0
    assert parsed(file.read_text())
    assert file.stat().st_ino != before
    kept = file.read_text()
    unreachable = {**urls, "BEACON_WAREHOUSE_URL": "postgresql://127.0.0.1:1/nothing"}
    assert beacon(*command, home=tmp_path / "home", **unreachable).returncode == 1
    assert (list(folder.iterdir()), file.read_text()) == ([file], kept)


def test_a_file_is_for_metrics_alone(tmp_path: Path) -> None:
    for wrong in (("--to", "x.prom"), ("--prometheus", "--json")):
        assert beacon("status", *wrong, home=tmp_path).returncode == USAGE
