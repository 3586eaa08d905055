"""Warehouses that dbt has built, and a database with the SQL functions alone."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count

import psycopg
import pytest

from dagster_project.embedded_postgres.server import EmbeddedServer, create_database
from dagster_project.warehouse import create_schema
from tests.conftest import copy_database

_numbers = count(1)


@pytest.fixture(scope="module")
def new_warehouse(postgres_server: EmbeddedServer, built_template: str) -> Callable[[], str]:
    """A factory of warehouses that dbt has built: ``new_warehouse() -> url``."""

    def create() -> str:
        name = f"built_{next(_numbers)}"
        copy_database(postgres_server, built_template, name)
        return postgres_server.url(name)

    return create


@pytest.fixture(scope="session")
def functions(postgres_server: EmbeddedServer) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A session on a database that holds the project's SQL functions."""
    create_database(postgres_server, "functions")
    url = postgres_server.url("functions")
    create_schema(url)
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        yield connection
