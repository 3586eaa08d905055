import os
from pathlib import Path

import polars as pl
import psycopg
from psycopg import sql

from dagster_project.extract.secrets import KINDS
from tests.command import beacon
from tests.extract.conftest import DAY, Pipeline
from tests.extract.planted import SECRETS, plant

ADDRESS = "0x" + "aB12" * 10


def test_nothing_of_what_is_planted_in_any_position_reaches_the_warehouse(
    pipeline: Pipeline,
) -> None:
    planted = plant(pipeline)
    assert len(planted) > 193
    result = pipeline.extract()
    assert set(result.rows.values()) == {1}
    warehouse = everything(pipeline.warehouse).lower()
    assert [secret for secret in planted if secret.lower() in warehouse] == []
    assert "answer. see [redacted] there" in warehouse


def test_nothing_of_it_is_in_a_file_a_report_a_snapshot_or_on_the_screen(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    planted = plant(pipeline)
    pipeline.insert("executions", job_id=1, system_prompt=SECRETS[0], started_at="infinity")
    urls = {
        "BEACON_RUNNER_URL": pipeline.runner_url,
        "BEACON_WAREHOUSE_URL": pipeline.warehouse_url,
    }
    shown = ""
    backfill = f"backfill --from {DAY} --to {DAY}"
    for command in ("setup", backfill, "report", "snapshot", "browse"):
        finished = beacon(*command.split(), home=tmp_path, **urls)
        shown += finished.stdout + finished.stderr
    files = [Path(folder, name) for folder, _, names in os.walk(tmp_path) for name in names]
    assert {path.suffix for path in files} >= {".html", ".parquet", ".duckdb", ".db"}
    texts = [everything(pipeline.warehouse), shown]
    texts += [path.read_bytes().decode(errors="replace") for path in files]
    texts += [str(pl.read_parquet(path).rows()) for path in files if path.suffix == ".parquet"]
    for text in map(str.lower, texts):
        assert [secret for secret in planted if secret.lower() in text] == []


def test_what_was_removed_is_counted_by_day_table_and_kind(pipeline: Pipeline) -> None:
    plant(pipeline)
    counts = (
        "select source_table, kind, removed, job_day::text from ops.removed_values order by 1, 2"
    )
    pipeline.extract()
    found = pipeline.rows(counts)
    assert {kind for _, kind, _, _ in found} >= set(KINDS) - {"own_value"}
    assert {day for _, _, _, day in found} == {"2025-10-01"}
    pipeline.extract()
    assert pipeline.rows(counts) == found
    pipeline.runner.execute("truncate jobs cascade; truncate cross_region_executions cascade")
    pipeline.extract(accepts_deletions=True)
    assert pipeline.rows(counts) == []


def test_an_answer_without_secrets_is_unchanged_byte_for_byte(pipeline: Pipeline) -> None:
    answer = (
        "Xi Jinping, 1989: “10,000–20,000” people.\n\t中文，习近平。 \\n Ünïcödé 🙂 \\u0041 </s>"
    )
    job = pipeline.insert("jobs")
    pipeline.runner.execute(
        "insert into executions (job_id, provider_id, region, created_at, output_data) select"
        " %s, 'p', 'US', '2025-10-01', jsonb_build_object('response', %s::text, 'owner', 'x' || n)"
        " from generate_series(1, 2) as n",
        (job, answer),
    )
    pipeline.extract()
    assert pipeline.rows("select output_data ->> 'response' from raw.executions") == [answer] * 2


def test_a_quarantined_row_gives_nothing_away(pipeline: Pipeline) -> None:
    pipeline.runner.execute("alter table executions alter output_data type text")
    pipeline.insert("executions", output_data=f'{{"wallet_address": "{ADDRESS}"')
    pipeline.insert("executions", original_error=ADDRESS, started_at="infinity")
    run = "00000000-0000-0000-0000-00000000000a"
    pipeline.insert(
        "cross_region_executions", id=run, jobspec_id=SECRETS[10], started_at="infinity"
    )
    result = pipeline.extract()
    assert result.quarantined["executions"] == 2
    assert result.quarantined["cross_region_executions"] == 1
    warehouse = everything(pipeline.warehouse).lower()
    assert ADDRESS.lower() not in warehouse
    assert SECRETS[10] not in warehouse


def test_ids_of_jobs_that_differ_in_a_secret_only_stay_different(pipeline: Pipeline) -> None:
    for name in ("a", "b"):
        pipeline.insert("jobs", jobspec_id=f"for-{name}@example.com")
    pipeline.insert("cross_region_executions", jobspec_id="for-b@example.com")
    pipeline.extract()
    _, second = pipeline.rows("select jobspec_id from raw.jobs where jobspec_id ~ '^.redacted'")
    assert pipeline.rows("select distinct jobspec_id from raw.jobs") != [second]
    assert pipeline.rows("select jobspec_id from raw.cross_region_executions") == [second]


def everything(warehouse: psycopg.Connection[tuple[object, ...]]) -> str:
    """Return the text of every row of every table outside Postgres's own schemas."""
    tables = warehouse.execute(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    texts: list[str] = []
    for schema, table in tables:
        query = sql.SQL("select rows::text from {} as rows").format(
            sql.Identifier(str(schema), str(table))
        )
        texts.extend(str(text) for (text,) in warehouse.execute(query).fetchall())
    return "\n".join(texts)
