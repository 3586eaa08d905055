"""What a warehouse grows by when its days are done again."""

from datetime import date

import psycopg
import pytest

from dagster_project.backfill.ledger import Cause
from dagster_project.backfill.runs import Work, process_days
from dagster_project.backfill.stages import STAGES
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.partitions import Window
from tests.orchestrate.copies import copied_pipeline
from tests.pipeline import Pipeline

MOST_GROWTH = 1.1
BYTES = """
    select sum(pg_total_relation_size(oid))::bigint
    from pg_class
    where
        relnamespace::regnamespace::text in ('raw', 'scores', 'intermediate', 'partitions')
        and relkind = 'r'
"""


def size(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute(BYTES).fetchone()
        assert found
        return int(found[0])


@pytest.mark.usefixtures("pipeline")
def test_all_days_done_again_twice_take_no_more_room(
    pipeline: Pipeline, postgres_server: EmbeddedServer
) -> None:
    days = [date.fromisoformat(day) for day in pipeline.manifest.job_days]
    window = Window.of_days(min(days), max(days))
    work = Work(window, STAGES, Cause("a test's", "test"), batch_rows=10_000)
    with copied_pipeline(postgres_server) as databases:
        before = size(databases.warehouse)
        for _ in range(2):
            assert not [bad for done in process_days(databases, work) for bad in done.bad_days]
        assert size(databases.warehouse) <= MOST_GROWTH * before
