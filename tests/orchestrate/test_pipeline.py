"""The finished pipeline against what was planted, row by row."""

import re
from collections.abc import Iterator
from typing import LiteralString

import dagster as dg
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow

from dagster_project.backfill.plan import State, current_plan
from dagster_project.backfill.stages import STAGES
from dagster_project.cli.holdings import GAINED, read_content_hashes
from dagster_project.orchestrate.dbt_assets import asset_key
from dagster_project.orchestrate.instance import dagster_instance
from dagster_project.runner_db.manifest import Manifest
from dagster_project.settings import Settings
from tests.pipeline import Pipeline, process_everything
from tests.slots import slot_problems


@pytest.fixture(scope="module")
def warehouse(pipeline: Pipeline) -> Iterator[psycopg.Connection[TupleRow]]:
    with psycopg.connect(pipeline.databases.warehouse, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def manifest(pipeline: Pipeline) -> Manifest:
    return pipeline.manifest


Warehouse = psycopg.Connection[TupleRow]


def count(connection: Warehouse, query: LiteralString | sql.Composed, *parameters: object) -> int:
    row = connection.execute(query, parameters).fetchone()
    assert row is not None
    return int(str(row[0]))


def table(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))


def test_every_flag_is_on_exactly_the_planted_rows(
    warehouse: Warehouse, manifest: Manifest
) -> None:
    rows = warehouse.execute(
        # A response of several in one row is e:<id>#<n>; the manifest counts rows.
        "select flag, array_agg(distinct split_part(execution_key, '#', 1))"
        " from analytics.execution_attempts, unnest(flags) as flag"
        " where execution_key like 'e:%'"
        " group by flag"
    ).fetchall()
    found = {str(flag): sorted(keys) for flag, keys in rows}
    planted = {flag: sorted(entry.keys) for flag, entry in manifest.flags.items()}
    assert {flag: found.get(flag, []) for flag in planted} == planted


def test_every_loser_is_a_planted_one_with_its_reason(
    warehouse: Warehouse, manifest: Manifest
) -> None:
    rows = warehouse.execute(
        "select attempt_reason, array_agg(execution_key) from analytics.execution_attempts"
        " where not is_current group by attempt_reason"
    ).fetchall()
    found = {str(reason): sorted(keys) for reason, keys in rows}
    assert found == {reason: sorted(entry.keys) for reason, entry in manifest.attempts.items()}


def test_unified_executions_by_source_are_the_planted_numbers(
    warehouse: Warehouse, manifest: Manifest
) -> None:
    rows = warehouse.execute(
        "select source, count(*) from analytics.executions_unified group by source"
    ).fetchall()
    assert dict(rows) == dict(manifest.unified)


def test_each_unified_slot_is_there_once(warehouse: Warehouse) -> None:
    repeated = warehouse.execute(
        "select job_id, region, model_id, question_id from analytics.executions_unified"
        " where question_id is not null and job_id is not null"
        " group by job_id, region, model_id, question_id having count(*) > 1"
    ).fetchall()
    assert repeated == []


def test_answer_texts_are_the_planted_ones(warehouse: Warehouse, manifest: Manifest) -> None:
    found: dict[str, str] = dict(
        warehouse.execute(
            "select execution_key, answer_text from analytics.execution_attempts"
            " where execution_key = any(%s)",
            (list(manifest.texts),),
        ).fetchall()
    )
    assert found == dict(manifest.texts)


def test_unstorable_rows_are_quarantined_with_a_reason(
    warehouse: Warehouse, manifest: Manifest
) -> None:
    rows = warehouse.execute(
        "select 'e:' || source_id from ops.quarantine where reason <> '' order by 1"
    ).fetchall()
    assert sorted(str(key) for (key,) in rows) == sorted(manifest.quarantined.keys)


def test_jobs_of_the_lost_period_are_reported_as_lost(
    warehouse: Warehouse, manifest: Manifest
) -> None:
    rows = warehouse.execute(
        "select job_id from analytics.job_status"
        " where job_id = any(%s) and analysis_state = 'lost'",
        (list(manifest.incidents["I-12"].keys),),
    ).fetchall()
    assert len(rows) == manifest.incidents["I-12"].count > 0


def test_a_job_whose_rows_are_all_in_quarantine_says_so(
    warehouse: Warehouse, manifest: Manifest
) -> None:
    rows = warehouse.execute(
        "select status.job_id, status.quarantined_rows, status.explanation, page.payload ->>"
        " 'details', live.payload ->> 'status' from analytics.job_status as status"
        " inner join portal.bias_analysis as page on status.job_id = page.job_id"
        " inner join portal.job_live as live on status.job_id = live.job_id"
        " where analysis_state = 'quarantined'"
    ).fetchall()
    ((job_id, quarantined, explanation, shown, live),) = rows
    assert quarantined == 2
    assert "ops.quarantine" in str(explanation)
    assert shown == explanation
    assert live == "completed"
    of_jobs = count(warehouse, "select sum(quarantined_rows) from analytics.job_status")
    assert of_jobs == manifest.quarantined.count
    assert count(warehouse, "select count(*) from raw.jobs where jobspec_id = %s", job_id) == 1


def test_rows_of_another_prompt_are_the_planted_ones(
    warehouse: Warehouse, manifest: Manifest
) -> None:
    rows = warehouse.execute(
        "select execution_key from analytics.execution_attempts"
        " where prompt_variant <> 'default' order by 1"
    ).fetchall()
    assert sorted(str(key) for (key,) in rows) == sorted(manifest.incidents["I-33"].keys)


def test_slots_add_up_in_every_table_and_sentence(pipeline: Pipeline) -> None:
    assert slot_problems(pipeline.databases.warehouse) == []


def test_each_day_has_its_planted_jobs(warehouse: Warehouse, manifest: Manifest) -> None:
    rows = warehouse.execute(
        "select job_day::text, count(*) from analytics.job_status group by job_day"
    ).fetchall()
    assert dict(rows) == dict(manifest.job_days)


def test_every_job_has_one_fact_and_one_status(warehouse: Warehouse) -> None:
    jobs = count(
        warehouse,
        "select count(*) from (select jobspec_id from raw.jobs"
        " union select jobspec_id from raw.cross_region_executions) as jobs",
    )
    for name in ("analytics.job_status", "analytics.fct_job_bias_metrics"):
        rows = sql.SQL("select count(*) from {}").format(table(name))
        keys = sql.SQL("select count(distinct job_id) from {}").format(table(name))
        assert count(warehouse, rows) == count(warehouse, keys) == jobs


def test_no_column_of_the_warehouse_holds_a_planted_secret(
    warehouse: Warehouse, manifest: Manifest
) -> None:
    tables = warehouse.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_schema not in ('pg_catalog', 'information_schema')"
        " and table_type = 'BASE TABLE'"
    ).fetchall()
    secrets = re.compile("|".join(re.escape(secret) for secret in manifest.secrets))
    assert len(manifest.secrets) > 0
    for (name,) in tables:
        rows = sql.SQL("select t::text from {} as t").format(table(str(name)))
        for (text,) in warehouse.execute(rows):
            assert not secrets.search(str(text)), name


def test_no_log_of_the_runs_holds_a_planted_secret(pipeline: Pipeline) -> None:
    secrets = pipeline.manifest.secrets
    logs = b"".join(
        path.read_bytes() for path in (pipeline.home / "dagster").rglob("*") if path.is_file()
    )
    assert len(logs) > 0
    assert not [secret for secret in secrets if secret.encode() in logs]


def test_every_source_row_is_in_raw_or_in_quarantine(
    pipeline: Pipeline, warehouse: Warehouse, manifest: Manifest
) -> None:
    quarantined = "select count(*) from ops.quarantine where source_table = %s"
    for name, planted in manifest.tables.items():
        stored = sql.SQL("select count(*) from {}").format(table(f"raw.{name}"))
        assert count(warehouse, stored) + count(warehouse, quarantined, name) == planted, name


def test_each_day_of_each_table_is_materialized_with_its_row_count(pipeline: Pipeline) -> None:
    with dagster_instance(Settings(home=pipeline.home)) as instance:
        days = set(pipeline.manifest.job_days)
        for stage in STAGES:
            for relation in stage.relations:
                assert days <= instance.get_materialized_partitions(asset_key(relation))


def test_after_the_runs_every_day_is_current(pipeline: Pipeline) -> None:
    plan = current_plan(pipeline.databases)
    assert {day.state for day in plan} == {State.CURRENT}


def test_a_second_pass_changes_no_content(pipeline: Pipeline) -> None:
    before = read_content_hashes(pipeline.databases.warehouse)
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        connection.execute("truncate ops.partition_ledger")
    with dagster_instance(Settings(home=pipeline.home)) as instance:
        process_everything(pipeline.databases, instance)
    assert read_content_hashes(pipeline.databases.warehouse) == before


def test_standard_jobs_without_an_analysis_have_metrics_now(warehouse: Warehouse) -> None:
    (gained,) = warehouse.execute(GAINED).fetchall()
    standard, without_before, with_now = (int(str(value)) for value in gained)
    assert 0 < with_now <= without_before <= standard
    without = count(
        warehouse,
        "select count(*) from analytics.fct_job_bias_metrics"
        " where workflow = 'standard' and analysis_state = 'analysed'"
        " and runner_factual_consistency is null",
    )
    assert without == 0


def test_each_data_test_of_a_partitioned_table_is_an_evaluated_check(pipeline: Pipeline) -> None:
    with dagster_instance(Settings(home=pipeline.home)) as instance:
        for run_id in pipeline.run_ids[1:]:
            evaluated = instance.all_logs(
                run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
            )
            assert evaluated
