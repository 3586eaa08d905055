"""One synthetic runner database for all tests that only read it."""

import pytest

from dagster_project.embedded_postgres.server import EmbeddedServer, create_database
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.manifest import Manifest
from dagster_project.runner_db.spec import RunnerSpec

SPEC = RunnerSpec(seed=7, jobs=380)
"""Two copies of every scenario and some 280 ordinary jobs."""


@pytest.fixture(scope="session")
def synthetic_url(postgres_server: EmbeddedServer) -> str:
    """Owner URL of a synthetic runner database made of SPEC; not to be changed."""
    create_database(postgres_server, "synthetic_runner")
    url = postgres_server.url("synthetic_runner")
    generate(url, SPEC)
    return url


@pytest.fixture(scope="session")
def manifest(synthetic_url: str) -> Manifest:
    """What SPEC planted."""
    # Already there, so this reads what was stored.
    return generate(synthetic_url, SPEC)
