"""What the real runner wrote (../shared), taken through all stages; the fixture: conftest.py."""

import gzip
from dataclasses import dataclass
from datetime import date

import psycopg

from dagster_project.backfill.stages import FACTS
from dagster_project.embedded_postgres.server import EmbeddedServer, create_database
from dagster_project.extract.window import ExtractResult, extract_window
from dagster_project.partitions import Window
from dagster_project.runner_db.schema import create_runner_schema
from dagster_project.score.window import score_window
from dagster_project.unify.setup import build_window
from tests.shared import shared_path
from tests.unify.finished import BATCH_ROWS
from tests.unify.warehouse import unify

EVERY_DAY = Window(date(2025, 9, 1), date(2027, 1, 1))
RUNNER = "real_rows_runner"


@dataclass(frozen=True)
class RealRows:
    """Databases to read, not to change."""

    runner: str
    warehouse: str
    extracted: ExtractResult


def load_real_rows(url: str) -> None:
    """Create the runner's tables and fill them with the rows that it wrote."""
    with psycopg.connect(url) as connection:
        create_runner_schema(connection)
        connection.execute("set session_replication_role = replica")
        with gzip.open(shared_path("data/real_runner_rows.sql.gz"), "rb") as dump:
            for line in dump:
                if line.startswith(b"COPY "):
                    with connection.cursor().copy(line.rstrip(b";\n")) as copy:
                        for row in iter(dump.readline, b"\\.\n"):
                            copy.write(row)
        connection.execute("select setval('executions_id_seq', max(id)) from executions")


def process_real_rows(server: EmbeddedServer, warehouse: str) -> RealRows:
    """Load the rows and take them through every stage into a warehouse that dbt has built."""
    create_database(server, RUNNER)
    runner = server.url(RUNNER)
    load_real_rows(runner)
    extracted = extract_window(runner, warehouse, EVERY_DAY, BATCH_ROWS)
    unify(warehouse, EVERY_DAY)
    score_window(warehouse, EVERY_DAY, BATCH_ROWS)
    build_window(warehouse, FACTS, EVERY_DAY)
    return RealRows(runner, warehouse, extracted)
