"""The one warehouse in which the SQL runs for all comparisons of this folder."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from dagster_project.runner_db.embedded import EmbeddedServer, create_database
from dagster_project.warehouse import create_schema
from tests.reference.harness import Connection, Rules, build_rules, connect


@pytest.fixture(scope="session")
def rules_url(postgres_server: EmbeddedServer) -> str:
    """Owner URL of a warehouse that only these comparisons use."""
    create_database(postgres_server, "rules")
    url = postgres_server.url("rules")
    create_schema(url)
    return url


@pytest.fixture(scope="session")
def rules(rules_url: str, tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """The compiled rules; dbt has built every relation."""
    return build_rules(rules_url, tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def warehouse(rules_url: str, rules: Rules) -> Iterator[Connection]:
    """A session on the built warehouse, which stays without rows."""
    with closing(connect(rules_url)) as connection:
        yield connection
