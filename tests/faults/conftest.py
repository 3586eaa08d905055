"""A server of their own for the faults, two states of a source, and what each must become."""

import fcntl
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from psycopg import sql

from dagster_project.backfill.stages import present_versions
from dagster_project.embedded_postgres.server import (
    EmbeddedServer,
    create_database,
    embedded_server,
)
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from dagster_project.unify.setup import set_up_warehouse
from tests.conftest import copy_database
from tests.faults.content import Content
from tests.faults.scenario import Scenario
from tests.faults.source import DAYS, READER, add_odd_rows, change, create_source
from tests.sources import adopt

OLD, NEW, STRUCTURE = "source_old", "source_new", "structure"
BUILT_OLD, BUILT_NEW = "built_old", "built_new"

Case = TypeVar("Case")
_numbers = count(1)


def sampled(cases: Sequence[Case], *places: int) -> Sequence[Case]:
    """Return every case in `make soak`, and those at some places elsewhere: each takes a minute."""
    return cases if "BEACON_SOAK" in os.environ else [cases[place] for place in places]


@dataclass(frozen=True)
class Workshop:
    """Databases to be copied, and folders for them.

    Attributes:
        server: Serves only the faults: it may be restarted.
        folder: For local state.
    """

    server: EmbeddedServer
    folder: Path

    def create(self, name: str, template: str | None = None) -> str:
        """Create a database, as a copy or empty; return its owner's URL."""
        if template is None:
            create_database(self.server, name)
        else:
            copy_database(self.server, template, name)
        return self.server.url(name)

    def restart(self) -> None:
        """Crash the server and start it again, at the same port."""
        files = self.folder / "postgres"
        postmaster = int((files / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGQUIT)
        with (files / "server.lock").open("wb") as alive:
            # Free when the last process of the server is gone.
            fcntl.flock(alive, fcntl.LOCK_EX)
        with embedded_server(self.folder, Settings().pg_bindir, durable=False) as server:
            assert server.port == self.server.port

    def scenario(self, source: str, warehouse: str) -> Scenario:
        """Return the scenario of two databases that exist."""
        home = self.folder / warehouse
        home.mkdir()
        return Scenario(self.databases(source, warehouse), self.server.url(source), home)

    def databases(self, source: str, warehouse: str) -> Databases:
        """Return a source as its reader and a warehouse as its owner."""
        return Databases(self.server.url(source, user=READER), self.server.url(warehouse))


@dataclass(frozen=True)
class Built:
    """What from-scratch builds of the source's two states hold."""

    old: Content
    new: Content


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A server with an empty, but built, warehouse and the source in both states."""
    folder = tmp_path_factory.mktemp("faults")
    with embedded_server(folder, Settings().pg_bindir, durable=False) as server:
        shop = Workshop(server, folder)
        set_up_warehouse(shop.create(STRUCTURE), present_versions())
        create_source(shop.create(OLD), DAYS)
        add_odd_rows(server.url(OLD))
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            password = sql.Literal(server.password)
            connection.execute(sql.SQL("alter role beacon_reader password {}").format(password))
        change(shop.create(NEW, OLD))
        yield shop


@pytest.fixture(scope="session")
def built(workshop: Workshop) -> Built:
    """From-scratch builds of both states; their databases are BUILT_OLD and BUILT_NEW."""

    def build(source: str, warehouse: str) -> Content:
        workshop.create(warehouse, STRUCTURE)
        scenario = workshop.scenario(source, warehouse)
        scenario.backfill()
        assert scenario.unfinished() == []
        return scenario.content()

    return Built(build(OLD, BUILT_OLD), build(NEW, BUILT_NEW))


@pytest.fixture
def new_scenario(workshop: Workshop, built: Built) -> Callable[[str, str], Scenario]:
    """A factory of scenarios of copies: ``new_scenario(source, warehouse)``."""

    def create(source: str, warehouse: str) -> Scenario:
        number = next(_numbers)
        urls = [workshop.create(f"{name}_{number}", name) for name in (source, warehouse)]
        adopt(*urls)
        return workshop.scenario(f"{source}_{number}", f"{warehouse}_{number}")

    return create


@pytest.fixture
def outdated(new_scenario: Callable[[str, str], Scenario]) -> Scenario:
    """A warehouse of the old state, over a source that is in the new state by now."""
    return new_scenario(NEW, BUILT_OLD)
