"""Warehouses that dbt has built, and a database with the SQL functions alone."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count

import psycopg
import pytest
from psycopg import sql

from dagster_project.embedded_postgres.server import EmbeddedServer, create_database
from dagster_project.unify.dbt_command import build_everything
from dagster_project.unify.dbt_run import run_dbt
from dagster_project.warehouse import create_schema

BUILT = "dbt_template"

_numbers = count(1)


@pytest.fixture(scope="session")
def built_template(postgres_server: EmbeddedServer, warehouse_template: str) -> str:
    """Name of a warehouse in which dbt has built every relation, without rows."""
    _copy(postgres_server, warehouse_template, BUILT)
    run_dbt(build_everything(), url=postgres_server.url(BUILT))
    return BUILT


@pytest.fixture(scope="module")
def new_warehouse(postgres_server: EmbeddedServer, built_template: str) -> Callable[[], str]:
    """A factory of warehouses that dbt has built: ``new_warehouse() -> url``."""

    def create() -> str:
        name = f"built_{next(_numbers)}"
        _copy(postgres_server, built_template, name)
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


def _copy(server: EmbeddedServer, template: str, name: str) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        copy = sql.SQL("create database {} template {}")
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))
