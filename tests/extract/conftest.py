"""A runner database with tables and no rows, and the extract of its days."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from dagster_project.extract.window import ExtractResult, extract_window
from dagster_project.partitions import Window
from dagster_project.runner_db.schema import create_runner_schema

DAY = date(2025, 10, 1)
NOON = "2025-10-01 12:00"
NEXT_NOON = "2025-10-02 12:00"
ZERO_TIME = "0001-01-01 00:00"

_DEFAULTS: dict[str, dict[str, str]] = {
    "jobs": {"jobspec_id": "job-1", "jobspec_data": "{}", "created_at": NOON},
    "executions": {"provider_id": "modal-us-east", "region": "us-east", "created_at": NOON},
    "cross_region_executions": {
        "id": "00000000-0000-0000-0000-000000000001",
        "jobspec_id": "job-1",
        "started_at": NOON,
        "created_at": NOON,
    },
    "region_results": {
        "id": "00000000-0000-0000-0000-000000000002",
        "cross_region_execution_id": "00000000-0000-0000-0000-000000000001",
        "region": "US",
        "status": "success",
        "started_at": NOON,
        "created_at": NOON,
    },
    "cross_region_analyses": {
        "id": "00000000-0000-0000-0000-000000000003",
        "cross_region_execution_id": "00000000-0000-0000-0000-000000000001",
        "created_at": NOON,
    },
    "diffs": {"created_at": NOON},
}


@dataclass(frozen=True)
class Pipeline:
    """A runner database and a warehouse, both open in autocommit mode."""

    runner_url: str
    warehouse_url: str
    runner: psycopg.Connection[Any]
    warehouse: psycopg.Connection[Any]

    def insert(self, table: str, **columns: object) -> Any:  # noqa: ANN401  integer or uuid
        """Insert one source row, whose unnamed columns are harmless; return its id."""
        row = {**_DEFAULTS[table], **columns}
        statement = sql.SQL("insert into {} ({}) values ({}) returning id").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        found = self.runner.execute(statement, list(row.values())).fetchone()
        assert found is not None
        return found[0]

    def extract(
        self,
        day: date = DAY,
        days: int = 1,
        batch_rows: int = 2,
        *,
        accepts_deletions: bool = False,
    ) -> ExtractResult:
        """Extract some days; the small batches cross their borders."""
        window = Window(day, day + timedelta(days=days))
        return extract_window(
            self.runner_url,
            self.warehouse_url,
            window,
            batch_rows,
            accepts_deletions=accepts_deletions,
        )

    def rows(self, query: LiteralString) -> list[Any]:
        """Return what a query finds in the warehouse; single values for a single column."""
        found = self.warehouse.execute(query).fetchall()
        return [row[0] if len(row) == 1 else row for row in found]


@pytest.fixture
def pipeline(runner_url: str, warehouse_url: str) -> Iterator[Pipeline]:
    """The runner's tables with all optional columns, and an empty warehouse."""
    with (
        psycopg.connect(runner_url, autocommit=True) as runner,
        psycopg.connect(warehouse_url, autocommit=True) as warehouse,
    ):
        create_runner_schema(runner)
        yield Pipeline(runner_url, warehouse_url, runner, warehouse)


@pytest.fixture
def wait_until_blocked(pipeline: Pipeline) -> Callable[[], None]:
    """Wait until an extract waits for a lock that the test holds on a raw table."""

    def wait() -> None:
        while not pipeline.rows(
            "select pid from pg_stat_activity where application_name = 'beacon:extract'"
            " and datname = current_database() and wait_event_type = 'Lock'"
        ):
            pass

    return wait
