"""``beacon prune --raw-older-than`` on copies of a finished pipeline: what moves, what stays."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner

from dagster_project.archive.receipts import (
    ArchiveError,
    Month,
    archive_month,
    files_with_job,
    months_before,
)
from dagster_project.backfill.ledger import Cause
from dagster_project.backfill.plan import EXTRACT, State, current_plan
from dagster_project.backfill.reconcile import differences
from dagster_project.backfill.runs import Work, process_days
from dagster_project.backfill.stages import stages_from
from dagster_project.cli.app import app
from dagster_project.cli.holdings import CONTENT_HASH, RELATIONS
from dagster_project.cli.shared import USAGE
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.outputs import Place, output_root
from dagster_project.partitions import ALL_DAYS, Window
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from tests.orchestrate.copies import copied_pipeline
from tests.pipeline import Pipeline

ROWS = 50
FAR = date(2100, 1, 1)
JSON_COLUMNS = ["output_data", "receipt_data", "payload", "run_id", "built_at", "loaded_at"]
TABLES = {
    "executions": ("output_data", "receipt_data", "retry_history"),
    "region_results": ("execution_output", "scoring", "metadata"),
}

KILLED_AFTER = """
import os, signal, sys
from datetime import date
import psycopg
from dagster_project.archive.receipts import archive_month, months_before
from dagster_project.outputs import place_of
from dagster_project.stage import Databases
runner, warehouse, root, last = sys.argv[1:]
month = months_before(Databases(runner, warehouse), date(2100, 1, 1))[0]
execute = psycopg.Connection.execute
def kill(connection, query, *values):
    done = execute(connection, query, *values)
    if last in str(query):
        os.kill(os.getpid(), signal.SIGKILL)
    return done
psycopg.Connection.execute = kill
archive_month(warehouse, place_of(root), month, 50)
"""

Stored = dict[str, list[tuple[object, ...]]]


@pytest.fixture
def databases(
    pipeline: Pipeline,
    postgres_server: EmbeddedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Databases]:
    """Copies of the pipeline's databases, which commands find, and a home of their own."""
    assert pipeline.run_ids
    with copied_pipeline(postgres_server) as copies:
        monkeypatch.delenv("DAGSTER_HOME", raising=False)
        monkeypatch.setenv("BEACON_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("BEACON_RUNNER_URL", copies.runner)
        monkeypatch.setenv("BEACON_WAREHOUSE_URL", copies.warehouse)
        yield copies


@pytest.fixture
def root(databases: Databases) -> Place:
    """Where outputs go when nobody says so."""
    return output_root(Settings())


def stored(url: str) -> Stored:
    """Return the JSON of every row, as text."""
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(
                f"select id::text, job_day, {'::text, '.join(columns)}::text"
                f" from raw.{table}".encode()
            ).fetchall()
            for table, columns in TABLES.items()
        }


def filed(root: Place) -> Stored:
    """Return the same from the files, as DuckDB reads them in place."""
    with duckdb.connect() as connection:
        return {
            table: connection.execute(
                f"select id::varchar, job_day, {', '.join(columns)}"
                f" from '{root}/raw/{table}/*.parquet'"
            ).fetchall()
            for table, columns in TABLES.items()
        }


def in_order(rows: Stored) -> Stored:
    return {table: sorted(found, key=repr) for table, found in rows.items()}


def derived(url: str) -> dict[str, object]:
    """Hash what was made of the copies, but for the columns that show JSON."""
    found: dict[str, object] = {}
    with psycopg.connect(url) as connection:
        for schema in ("analytics", "scores", "portal"):
            values = {"schema": schema, "left_out": JSON_COLUMNS}
            for table, columns in connection.execute(RELATIONS, values).fetchall():
                query = CONTENT_HASH.format(
                    columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                    relation=sql.Identifier(schema, table),
                )
                found[f"{schema}.{table}"] = connection.execute(query).fetchone()
    return found


def payloads(url: str) -> dict[str, object]:
    """Return what the portal reads, without the receipts within outputs."""
    found: dict[str, object] = {}
    with psycopg.connect(url) as connection:
        for (view,) in connection.execute(
            "select table_name from information_schema.columns"
            " where table_schema = 'portal' and column_name = 'payload'"
        ).fetchall():
            rows = connection.execute(
                sql.SQL("select payload from portal.{}").format(sql.Identifier(view))
            ).fetchall()
            texts = (json.dumps(without_receipts(one), sort_keys=True) for (one,) in rows)
            found[view] = sorted(texts)
    return found


def without_receipts(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_receipts(one) for key, one in value.items() if key != "receipt"}
    return [without_receipts(one) for one in value] if isinstance(value, list) else value


def archived_days(url: str) -> set[date]:
    with psycopg.connect(url) as connection:
        return {day for (day,) in connection.execute("select job_day from ops.archived_days")}


def receipts_in_warehouse(url: str) -> int:
    """Count the rows of archived days that still have a receipt of their own."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select count(*) from raw.executions where receipt_data -> 'archived_in' is null"
            " and receipt_data is not null and job_day in (select job_day from ops.archived_days)"
        ).fetchone()
    assert found is not None
    return int(found[0])


def archive(databases: Databases, root: Place) -> list[Month]:
    months = months_before(databases, FAR)
    for month in months:
        archive_month(databases.warehouse, root, month, ROWS)
    return months


def beacon(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def prune(*options: str) -> list[dict[str, str]]:
    found = json.loads(beacon("prune", "--json", "--raw-older-than", "1d", *options))["found"]
    return [one for one in found if one["kind"] == "month"]


def test_receipts_of_whole_months_move_to_parquet_when_told_and_everything_else_stays(
    databases: Databases, output_url: str, tmp_path: Path
) -> None:
    url, root = databases.warehouse, output_root(Settings())
    before, made, shown = stored(url), derived(url), payloads(url)
    planned = prune()
    assert len(planned) > 1
    assert (stored(url), archived_days(url)) == (before, set())
    assert not (root / "raw").exists()
    assert prune("--yes") == planned

    assert prune() == []
    assert prune("--yes") == []
    copied = tmp_path / "copied"
    for path in (root / "raw").glob("*/*.parquet"):
        target = copied / "raw" / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    assert in_order(filed(copied)) == in_order(before)
    assert archived_days(url) == {row[1] for row in before["executions"]} | {
        row[1] for row in before["region_results"]
    }
    assert receipts_in_warehouse(url) == 0
    assert derived(url) == made
    assert payloads(url) == shown
    assert {day.state for day in current_plan(databases)} == {State.CURRENT}
    assert differences(databases, ALL_DAYS) == []


def test_an_age_that_is_none_is_wrong_usage(databases: Databases) -> None:
    for age in ("6", "mo", "0d", "6 months", "-1d"):
        assert CliRunner().invoke(app, ["prune", "--raw-older-than", age]).exit_code == USAGE
    young = json.loads(beacon("prune", "--json", "--raw-older-than", "90y"))["found"]
    assert [one for one in young if one["kind"] == "month"] == []


@pytest.mark.parametrize("last", ["update raw.executions", "insert into ops.archived_days"])
def test_a_process_killed_before_its_commit_changes_nothing_and_the_next_one_ends_it(
    databases: Databases, root: Place, last: str
) -> None:
    url, before = databases.warehouse, stored(databases.warehouse)
    for _ in range(2):
        command = [sys.executable, "-c", KILLED_AFTER]
        killed = subprocess.run(
            [*command, databases.runner, url, str(root), last], capture_output=True, check=False
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert (stored(url), archived_days(url)) == (before, set())
        assert list((root / "raw" / "executions").glob("*.parquet"))
    archive(databases, root)
    assert in_order(filed(root)) == in_order(before)
    assert receipts_in_warehouse(url) == 0


def test_a_day_that_changes_in_the_source_comes_back_and_is_merged_by_the_next_prune(
    databases: Databases, root: Place
) -> None:
    url = databases.warehouse
    month = archive(databases, root)[0]
    archived, files = archived_days(url), filed(root)
    with psycopg.connect(databases.runner) as runner:
        # An execution of an archived day, with a receipt.
        changed = next(row for row in files["executions"] if row[1] in month.days and row[3])
        runner.execute(
            'update executions set receipt_data = receipt_data || \'{"schema_version": "new"}\''
            " where id = %s",
            (changed[0],),
        )
    (stale,) = [day for day in current_plan(databases) if day.state is not State.CURRENT]
    beacon("backfill")
    assert stale.job_day == changed[1]
    assert archived_days(url) == archived - {stale.job_day}
    back = [row for row in stored(url)["executions"] if row[1] == stale.job_day]
    assert "archived_in" not in str(back)
    (found,) = archive(databases, root)
    assert (found.first_day, list(found.days)) == (month.first_day, [stale.job_day])
    assert archived_days(url) == archived
    kept = [row for row in files["executions"] if row[1] != stale.job_day]
    assert in_order({"": filed(root)["executions"]}) == in_order({"": [*kept, *back]})


def test_a_stage_that_needs_archived_receipts_is_an_error_and_leaves_the_old_rows(
    databases: Databases, root: Place
) -> None:
    url = databases.warehouse
    with psycopg.connect(url) as warehouse:
        found = warehouse.execute(
            "select job_day from scores.answers group by 1 order by count(*) desc limit 1"
        ).fetchone()
    assert found is not None
    archive(databases, root)
    made = derived(url)
    for name in ("unify", "score", "facts"):
        work = Work(
            Window.of_day(found[0]), stages_from(name)[:1], Cause("run", "test"), batch_rows=ROWS
        )
        (done,) = process_days(databases, work)
        (bad,) = done.bad_days
        assert "raw/executions" in str(bad.error)
    left_out = ("analytics.data_quality_daily",)
    assert {name: one for name, one in derived(url).items() if name not in left_out} == {
        name: one for name, one in made.items() if name not in left_out
    }
    (waiting,) = [day for day in current_plan(databases) if day.state is not State.CURRENT]
    assert (waiting.job_day, waiting.stage) == (found[0], EXTRACT)
    beacon("backfill")
    assert {day.state for day in current_plan(databases)} == {State.CURRENT}
    assert derived(url) == made
    assert found[0] not in archived_days(url)


def test_a_file_that_lost_rows_or_lies_elsewhere_is_named_and_nothing_is_taken_out(
    databases: Databases, root: Place, tmp_path: Path
) -> None:
    url = databases.warehouse
    first = months_before(databases, FAR)[0]
    archive_month(url, root, replace(first, days=first.days[:1]), ROWS)
    (rest,) = [one for one in months_before(databases, FAR) if one.first_day == first.first_day]
    before = stored(url)
    with pytest.raises(ArchiveError, match="BEACON_OUTPUT_URL"):
        archive_month(url, tmp_path / "elsewhere", rest, ROWS)
    (root / first.file("executions")).unlink()
    with pytest.raises(ArchiveError, match="rows that were archived"):
        archive_month(url, root, rest, ROWS)
    assert stored(url) == before


def test_a_forgotten_job_is_taken_out_of_the_files(databases: Databases, root: Place) -> None:
    archive(databases, root)
    with psycopg.connect(databases.warehouse) as warehouse:
        found = warehouse.execute(
            "select job_id, job_day from analytics.job_status"
            " where workflow = 'standard' and analysis_state = 'analysed'"
            " order by attempts desc limit 1"
        ).fetchone()
    assert found is not None
    job, day = found
    (file,) = files_with_job(root, job)
    rows = len(filed(root)["executions"])
    proof = json.loads(beacon("forget", "--job", job, "--reason", "a letter", "--yes", "--json"))
    assert str(file) in {one["path"] for one in proof["files"]}
    assert proof["files_left"] == []
    assert files_with_job(root, job) == []
    assert 0 < len(filed(root)["executions"]) < rows
    assert day not in archived_days(databases.warehouse)
    # Its day is archived again without it.
    archive(databases, root)
    assert files_with_job(root, job) == []


def test_a_month_gives_its_room_back(warehouse_url: str, tmp_path: Path) -> None:
    day = date(2025, 1, 7)
    with psycopg.connect(warehouse_url) as warehouse:
        warehouse.execute("select ops.ensure_months('raw.executions', array[%s::date])", (day,))
        warehouse.execute(
            "insert into raw.executions (id, output_data, receipt_data, job_day)"
            " select n, '{\"response\": \"yes\"}', jsonb_build_object('noise', (select"
            " string_agg(md5(concat(n, i)), '') from generate_series(1, 100) as i)), %s"
            " from generate_series(1, 500) as n",
            (day,),
        )
    assert size(warehouse_url) > 1_500_000
    archive_month(warehouse_url, tmp_path, Month(date(2025, 1, 1), [day], 0), ROWS)
    assert size(warehouse_url) < 300_000


def size(url: str) -> int:
    with psycopg.connect(url) as warehouse:
        statement = "select pg_total_relation_size('partitions.raw_executions_2025_01')"
        found = warehouse.execute(statement).fetchone()
    assert found is not None
    return int(found[0])
