"""Copies of the finished pipeline's databases, which a test may break."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.stage import Databases
from tests.conftest import copy_database, drop_database
from tests.pipeline import RUNNER, WAREHOUSE
from tests.sources import adopt

_numbers = count(1)


@contextmanager
def copied_pipeline(server: EmbeddedServer) -> Iterator[Databases]:
    """Copies of source and warehouse, dropped at the end. Nobody may use the originals."""
    names = {name: f"{name}_copy_{next(_numbers)}" for name in (RUNNER, WAREHOUSE)}
    for name, copy in names.items():
        copy_database(server, name, copy)
    databases = Databases(server.url(names[RUNNER]), server.url(names[WAREHOUSE]))
    adopt(databases.runner, databases.warehouse)
    yield databases
    for copy in names.values():
        drop_database(server, copy)
