"""The one warehouse in which the SQL runs for all comparisons of this folder."""

import pytest

from dagster_project.embedded_postgres.server import EmbeddedServer, create_database
from dagster_project.warehouse import create_schema
from tests.reference.harness import Rules, Solved, build_rules, unified_by_reference
from tests.reference.strategies import sample

SAMPLE = 250
"""How many different databases SQL and reference must agree on; 200 are required."""


@pytest.fixture(scope="session")
def rules_url(postgres_server: EmbeddedServer) -> str:
    """Owner URL of a warehouse that only these comparisons use; it stays without rows."""
    create_database(postgres_server, "rules")
    url = postgres_server.url("rules")
    create_schema(url)
    return url


@pytest.fixture(scope="session")
def rules(rules_url: str, tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """The compiled rules; dbt has built every relation that they need."""
    return build_rules(rules_url, tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def solved() -> list[Solved]:
    """The same random databases in every run, with what the reference makes of them."""
    return [(database, unified_by_reference(database)) for database in sample(SAMPLE)]
