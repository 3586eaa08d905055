"""The same commands on two databases that variables name, served by other programs."""

import json
from pathlib import Path

from dagster_project.cli.holdings import read_content_hashes
from dagster_project.embedded_postgres.server import EmbeddedServer, create_database
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.spec import MIN_JOBS, RunnerSpec
from tests.command import beacon
from tests.pipeline import Pipeline


def test_the_demo_on_an_external_server_gives_the_same_content(
    external_postgres: EmbeddedServer | None, pipeline: Pipeline, tmp_path: Path
) -> None:
    assert external_postgres is not None, "the wheel brings a second Postgres"
    for name in ("runner", "warehouse"):
        create_database(external_postgres, name)
    urls = {
        "BEACON_RUNNER_URL": external_postgres.url("runner"),
        "BEACON_WAREHOUSE_URL": external_postgres.url("warehouse"),
    }
    # A demo keeps the days that it finds: here those of the pipeline.
    generate(urls["BEACON_RUNNER_URL"], RunnerSpec(jobs=MIN_JOBS))
    demo = beacon("demo", "--jobs", str(MIN_JOBS), home=tmp_path, **urls)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert external_postgres.password not in demo.stdout + demo.stderr
    status = beacon("status", "--json", "--hashes", home=tmp_path, **urls)
    hashes = json.loads(status.stdout)["content_hashes"]
    expected = read_content_hashes(pipeline.databases.warehouse)
    assert hashes == {name: vars(found) for name, found in expected.items()}
    assert not (tmp_path / "postgres").exists()


def test_a_missing_variable_is_an_error_that_names_it(tmp_path: Path) -> None:
    neither = beacon("status", home=tmp_path)
    one = beacon("status", home=tmp_path, BEACON_RUNNER_URL="postgresql://127.0.0.1/runner")
    assert (neither.returncode, one.returncode) == (2, 2)
    assert "BEACON_WAREHOUSE_URL" in neither.stderr
    assert "BEACON_WAREHOUSE_URL" in one.stderr
