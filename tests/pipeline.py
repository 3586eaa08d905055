"""A synthetic runner database taken through real Dagster runs; the fixture is in conftest.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.backfill.chunks import Order
from dagster_project.backfill.plan import CHUNK_DAYS, TO_DO, State, chunks, current_plan, days_in
from dagster_project.definitions import defs
from dagster_project.embedded_postgres.server import EmbeddedServer, create_database
from dagster_project.orchestrate.instance import dagster_instance, run_in_process
from dagster_project.orchestrate.launch import run_chunk
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.manifest import Manifest
from dagster_project.runner_db.spec import MIN_JOBS, RunnerSpec
from dagster_project.settings import Settings
from dagster_project.stage import Databases

RUNNER, WAREHOUSE = "pipeline_runner", "pipeline_warehouse"


@dataclass(frozen=True)
class Pipeline:
    """A finished pipeline: read it, do not change it."""

    databases: Databases
    manifest: Manifest
    home: Path
    run_ids: list[str]


@contextmanager
def finished_pipeline(server: EmbeddedServer, home: Path) -> Iterator[Pipeline]:
    """Every planted incident, extracted, unified, scored and analysed by real runs."""
    for name in (RUNNER, WAREHOUSE):
        create_database(server, name)
    databases = Databases(server.url(RUNNER), server.url(WAREHOUSE))
    manifest = generate(databases.runner, RunnerSpec(jobs=MIN_JOBS))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DAGSTER_HOME", raising=False)
        patch.setenv("BEACON_RUNNER_URL", databases.runner)
        patch.setenv("BEACON_WAREHOUSE_URL", databases.warehouse)
        with dagster_instance(Settings(home=home)) as instance:
            run_ids = process_everything(databases, instance)
            yield Pipeline(databases, manifest, home, run_ids)


def process_everything(databases: Databases, instance: dg.DagsterInstance) -> list[str]:
    """Build the structure and process every day that needs it; every run must succeed."""
    set_up = run_in_process(defs.resolve_job_def("setup"), instance)
    assert set_up.success
    plan = current_plan(databases)
    job = defs.resolve_job_def("backfill")
    todo = chunks(plan, days_in(plan, TO_DO), CHUNK_DAYS)
    done = [run_chunk(Order(chunk, "test"), instance, job) for chunk in todo]
    bad = [day for day in current_plan(databases) if day.state is not State.CURRENT]
    assert all(one.success for one in done), bad
    return [set_up.run_id, *(str(one.run_id) for one in done)]
