"""Copies of the finished pipeline's databases that a test may publish into."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.extract.schema import TABLES
from dagster_project.paths import SQL_DIR
from dagster_project.postgres import read_sql
from dagster_project.publish.decide import Action
from dagster_project.publish.operate import Outcome, publish, unpublish
from dagster_project.publish.rows import MOST_ROWS_PER_JOB
from dagster_project.publish.store import Scope
from dagster_project.runner_db.schema import create_runner_schema
from tests.conftest import copy_database, drop_database
from tests.pipeline import Pipeline
from tests.roles import url_as

ALL = Scope()

_numbers = count(1)


@dataclass(frozen=True)
class Copies:
    """Databases of one test.

    Attributes:
        publisher: The same database with the role that may publish.
    """

    runner: str
    publisher: str
    warehouse: str

    def publish(
        self, scope: Scope = ALL, *, dry_run: bool = False, most_rows: int = 50
    ) -> list[Outcome]:
        """Publish with the limited role, several transactions."""
        return list(publish(self.warehouse, self.publisher, scope, most_rows, dry_run=dry_run))

    def unpublish(self, scope: Scope = ALL, *, dry_run: bool = False) -> list[Outcome]:
        """Withdraw with the limited role."""
        most_rows = 2 * MOST_ROWS_PER_JOB
        return list(unpublish(self.warehouse, self.publisher, scope, most_rows, dry_run=dry_run))

    def source(self) -> dict[str, list[tuple[object, ...]]]:
        """Return every row of the runner's tables, with its version, in the order of storage."""
        with psycopg.connect(self.runner) as connection:
            return {
                table: connection.execute(
                    sql.SQL("select t::text, t.xmin::text from {} as t order by t.ctid").format(
                        sql.Identifier(table)
                    )
                ).fetchall()
                for table in TABLES
            }

    def execute(self, statement: str, *parameters: object) -> None:
        """Change the runner's database as its owner."""
        with psycopg.connect(self.runner) as connection:
            connection.execute(statement.encode(), parameters or None)

    def change_warehouse(self, statement: str, *parameters: object) -> None:
        """Change the warehouse as its owner."""
        with psycopg.connect(self.warehouse) as connection:
            connection.execute(statement.encode(), parameters or None)

    def read(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        """Return rows of the runner's database."""
        with psycopg.connect(self.runner) as connection:
            return connection.execute(query.encode(), parameters or None).fetchall()

    def pages(self, job_ids: list[str]) -> list[str]:
        """Return those jobs whose whole bias page is ours: the standard ones."""
        rows = self.read_warehouse(
            "select job_id from analytics.job_status where workflow = 'standard'"
        )
        standard = {job_id for (job_id,) in rows}
        return [job_id for job_id in job_ids if job_id in standard]

    def read_warehouse(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        """Return rows of the warehouse."""
        with psycopg.connect(self.warehouse) as connection:
            return connection.execute(query.encode(), parameters or None).fetchall()


def jobs_with(outcomes: list[Outcome], action: Action) -> list[str]:
    """Return the jobs to which something happened."""
    return [outcome.job_id for outcome in outcomes if outcome.action is action]


@pytest.fixture
def copies(postgres_server: EmbeddedServer, pipeline: Pipeline) -> Iterator[Copies]:
    """A runner and a warehouse of their own, and the role beacon_publisher."""
    number = next(_numbers)
    names = {kind: f"published_{kind}_{number}" for kind in ("runner", "warehouse")}
    for kind, name in names.items():
        template = urlsplit(getattr(pipeline.databases, kind)).path.removeprefix("/")
        copy_database(postgres_server, template, name)
    runner = postgres_server.url(names["runner"])
    with psycopg.connect(runner) as owner:
        owner.execute(read_sql(SQL_DIR / "roles/source_publisher.sql"))
    yield Copies(
        runner=runner,
        publisher=url_as(runner, "beacon_publisher"),
        warehouse=postgres_server.url(names["warehouse"]),
    )
    for name in names.values():
        drop_database(postgres_server, name)


@pytest.fixture
def wait_until() -> Callable[[str, str], None]:
    """Wait for the database until a query returns a row: ``wait_until(url, query)``."""

    def wait(url: str, query: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not connection.execute(query.encode()).fetchall():
                connection.execute("select pg_sleep(0.02)")

    return wait


@pytest.fixture
def publisher_url(runner_url: str) -> str:
    """URL of an empty runner database for the role that may publish."""
    with psycopg.connect(runner_url) as owner:
        create_runner_schema(owner)
        owner.execute(read_sql(SQL_DIR / "roles/source_publisher.sql"))
    return url_as(runner_url, "beacon_publisher")
