from collections.abc import Callable
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from dagster_project.extract.schema import OPTIONAL_COLUMNS, SchemaDriftError
from dagster_project.runner_db.schema import SchemaOptions, create_runner_schema
from tests.extract.conftest import DAY, NOON, Pipeline


def test_missing_optional_columns_read_as_null(
    new_database: Callable[[], str], pipeline: Pipeline
) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as runner:
        create_runner_schema(
            runner,
            SchemaOptions(
                question_id=False,
                region_verification=False,
                region_results_model_id=False,
                summary_source=False,
            ),
        )
        bare = Pipeline(url, pipeline.warehouse_url, runner, pipeline.warehouse)
        bare.insert("jobs")
        bare.insert("executions", job_id=1)
        bare.insert("cross_region_executions")
        bare.insert("region_results")
        bare.insert("cross_region_analyses")
        bare.extract()
    for table, column in OPTIONAL_COLUMNS:
        query = sql.SQL("select {} is null from {}").format(
            sql.Identifier(column), sql.Identifier("raw", table)
        )
        assert pipeline.warehouse.execute(query).fetchall() == [(True,)]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("alter table executions drop column model_id", "executions.model_id is missing"),
        ("alter table diffs rename to old_diffs", "table diffs is missing"),
        (
            "alter table executions alter retry_count drop default, alter retry_count type text",
            "executions.retry_count has type text",
        ),
    ],
)
def test_a_required_column_that_cannot_be_read_is_named(
    pipeline: Pipeline, change: LiteralString, named: str
) -> None:
    pipeline.runner.execute(change)
    with pytest.raises(SchemaDriftError, match=named):
        pipeline.extract()


def test_drift_leaves_the_old_rows(pipeline: Pipeline) -> None:
    pipeline.insert("jobs")
    pipeline.extract()
    pipeline.runner.execute("drop table diffs")
    with pytest.raises(SchemaDriftError):
        pipeline.extract()
    assert pipeline.rows("select jobspec_id from raw.jobs") == ["job-1"]


def test_tables_are_found_by_the_search_path_of_the_url(pipeline: Pipeline) -> None:
    pipeline.insert("jobs", jobspec_id="in public")
    pipeline.runner.execute("create schema runner")
    pipeline.runner.execute("set search_path = runner")
    create_runner_schema(pipeline.runner)
    pipeline.insert("jobs", jobspec_id="in runner")
    by_path = Pipeline(
        f"{pipeline.runner_url}?options=-csearch_path%3Drunner,public",
        pipeline.warehouse_url,
        pipeline.runner,
        pipeline.warehouse,
    )
    by_path.extract()
    assert pipeline.rows("select jobspec_id from raw.jobs") == ["in runner"]


def test_wider_and_narrower_types_of_the_source_are_read(pipeline: Pipeline) -> None:
    pipeline.runner.execute(
        "alter table executions"
        " alter id type bigint,"
        " alter retry_count type smallint,"
        " alter created_at type timestamptz using created_at at time zone 'UTC',"
        " alter last_retry_at type timestamp,"
        " alter receipt_data type json"
    )
    pipeline.insert(
        "executions",
        job_id=pipeline.insert("jobs"),
        created_at=f"{NOON}+00",
        last_retry_at=NOON,
        receipt_data='{"id": "a", "id": "b"}',
    )
    pipeline.extract()
    columns = "select created_at::text, last_retry_at = '2025-10-01 12:00+00', receipt_data"
    assert pipeline.rows(f"{columns} from raw.executions") == [
        ("2025-10-01 12:00:00", True, {"id": "b"})
    ]


def test_new_columns_of_the_source_never_meet_ours(pipeline: Pipeline) -> None:
    for table in ("jobs", "executions", "cross_region_executions", "region_results", "diffs"):
        for column in ("row_version", "job_day", "has_time", "own_day", "problem"):
            pipeline.runner.execute(
                sql.SQL("alter table {} add column {} text default 'theirs'").format(
                    sql.Identifier(table), sql.Identifier(column)
                )
            )
    job = pipeline.insert("jobs")
    pipeline.insert("executions", job_id=job)
    pipeline.extract()
    assert pipeline.rows("select job_day from raw.executions") == [DAY]


def test_ids_beyond_integer_are_stored(pipeline: Pipeline) -> None:
    for table in ("jobs", "executions", "diffs"):
        pipeline.runner.execute(
            sql.SQL("alter table {} alter id type bigint").format(sql.Identifier(table))
        )
    for table in ("executions", "diffs"):
        pipeline.runner.execute(
            sql.SQL("alter table {} alter job_id type bigint").format(sql.Identifier(table))
        )
    job = pipeline.insert("jobs", id=5_000_000_000)
    pipeline.insert("executions", id=5_000_000_001, job_id=job)
    pipeline.insert("diffs", id=5_000_000_002, job_id=job)
    assert set(pipeline.extract().quarantined.values()) == {0}
    assert pipeline.rows("select id, job_id from raw.executions") == [(5_000_000_001, job)]
