"""One synthetic runner database for all tests that only read it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from dagster_project.embedded_postgres.server import EmbeddedServer, create_database
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.manifest import Manifest
from dagster_project.runner_db.spec import RunnerSpec
from tests.runner_db.recount import VIEWS

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


@pytest.fixture(scope="session")
def recounting(
    synthetic_url: str, manifest: Manifest
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A session on the synthetic database with the views that recounts read."""
    unreadable = [int(key.removeprefix("e:")) for key in manifest.things["quarantined"].keys]
    with psycopg.connect(synthetic_url, options="-c timezone=UTC") as connection:
        connection.execute("create temp table unreadable (id integer)")
        with connection.cursor() as cursor:
            cursor.executemany("insert into unreadable values (%s)", [(id_,) for id_ in unreadable])
        connection.execute(VIEWS)
        yield connection
