"""The snapshot of a finished pipeline: analysts get from files what the warehouse gives."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import nbformat
import polars as pl
import psycopg
import pytest
from nbclient import NotebookClient
from pydantic import SecretStr

from dagster_project.definitions import definitions
from dagster_project.deliver.snapshot.take import DUCKDB_FILE, Snapshot, take_snapshot
from dagster_project.orchestrate.instance import run_in_process
from dagster_project.orchestrate.specs import SNAPSHOT
from dagster_project.paths import PROJECT_DIR
from dagster_project.postgres import sql_files
from dagster_project.settings import Settings
from dagster_project.unify.dbt_run import load_manifest
from tests.pipeline import Pipeline

DECIMALS = 6
NOTEBOOK = PROJECT_DIR / "notebooks" / "one_month.ipynb"

Rows = Sequence[tuple[Any, ...]]


@pytest.fixture(scope="module")
def snapshot(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A snapshot of the pipeline's warehouse, in batches smaller than its tables."""
    folder = tmp_path_factory.mktemp("snapshot") / "snapshot"
    return take_snapshot(pipeline.databases.warehouse, folder, 300)


@pytest.fixture
def files(snapshot: Snapshot) -> Iterator[duckdb.DuckDBPyConnection]:
    """The snapshot as an analyst opens it."""
    with duckdb.connect(snapshot.folder / DUCKDB_FILE, read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


@pytest.fixture
def warehouse(pipeline: Pipeline) -> Iterator[psycopg.Connection[Any]]:
    """A session of an owner, in UTC."""
    with psycopg.connect(pipeline.databases.warehouse, options="-c timezone=UTC") as connection:
        yield connection


def comparable(rows: Rows) -> list[tuple[Any, ...]]:
    """Return rows without the differences that the two servers' types make, sorted."""
    return sorted((tuple(map(comparable_value, row)) for row in rows), key=repr)


def comparable_value(value: object) -> object:
    match value:
        case bool() | str() | None:
            return value
        case int() | float() | Decimal():
            return round(float(value), DECIMALS)
        case datetime() | date() | timedelta():
            return str(value)
        case _:
            return value


@pytest.mark.parametrize("query", sql_files("analyst"), ids=lambda path: path.stem)
def test_an_analyst_query_gives_the_same_rows_as_the_warehouse(
    query: Path, files: duckdb.DuckDBPyConnection, warehouse: psycopg.Connection[Any]
) -> None:
    text = query.read_text(encoding="utf-8")
    expected = warehouse.execute(text.encode()).fetchall()
    assert comparable(files.execute(text).fetchall()) == comparable(expected)


def test_polars_finds_the_same_refusal_rates_in_the_parquet_file(
    snapshot: Snapshot, warehouse: psycopg.Connection[Any]
) -> None:
    expected = warehouse.execute(
        "select model_id, region, count(*), avg((answer_state = 'refusal')::int)"
        " from analytics.executions_unified"
        " where exclusion_reason is null and not 'retried' = any(flags)"
        " and answer_state in ('substantive', 'refusal', 'partial_refusal')"
        " group by model_id, region"
    ).fetchall()
    found = (
        pl.scan_parquet(snapshot.folder / "parquet" / "executions_unified.parquet")
        .filter(
            pl.col("exclusion_reason").is_null(),
            ~pl.col("flags").list.contains("retried"),
            pl.col("answer_state").is_in(["substantive", "refusal", "partial_refusal"]),
        )
        .group_by("model_id", "region")
        .agg(pl.len(), (pl.col("answer_state") == "refusal").mean())
        .collect()
    )
    assert comparable(found.rows()) == comparable(expected)


def test_every_relation_of_the_schema_is_there_with_all_its_rows(
    snapshot: Snapshot, files: duckdb.DuckDBPyConnection, warehouse: psycopg.Connection[Any]
) -> None:
    names = warehouse.execute(
        "select table_name from information_schema.tables where table_schema = 'analytics'"
    ).fetchall()
    assert snapshot.rows.keys() == {name for (name,) in names}
    assert {"executions_unified", "execution_attempts", "job_status"} <= snapshot.rows.keys()
    for name, rows in snapshot.rows.items():
        counted = warehouse.execute(f"select count(*) from analytics.{name}".encode()).fetchall()
        assert files.execute(f"select count(*) from analytics.{name}").fetchall() == counted
        assert counted == [(rows,)]


def test_every_column_is_described_in_the_file_itself(files: duckdb.DuckDBPyConnection) -> None:
    silent = files.execute(
        "select columns.table_name, columns.column_name from duckdb_columns() as columns"
        " left join data_dictionary as dictionary"
        " on columns.table_name = dictionary.relation"
        " and columns.column_name = dictionary.column_name"
        " and columns.comment = dictionary.description"
        " where columns.schema_name = 'analytics' and coalesce(dictionary.description, '') = ''"
    ).fetchall()
    assert silent == []


def test_the_same_data_gives_the_same_files(
    snapshot: Snapshot, pipeline: Pipeline, tmp_path: Path
) -> None:
    again = take_snapshot(pipeline.databases.warehouse, tmp_path / "again", 300)
    assert digests(again.folder) == digests(snapshot.folder)


def digests(folder: Path) -> dict[str, str]:
    files = [folder / "README.md", *(folder / "parquet").iterdir()]
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_file_opens_in_the_oldest_duckdb_that_the_readme_names(snapshot: Snapshot) -> None:
    # Bytes 12 to 19 hold the storage version: 64 is that of DuckDB 0.10 to 1.1.
    head = (snapshot.folder / DUCKDB_FILE).read_bytes()[:20]
    assert (head[8:12], int.from_bytes(head[12:20], "little")) == (b"DUCK", 64)
    assert "DuckDB 1.0 or later" in (snapshot.folder / "README.md").read_text()


def test_the_readme_says_that_the_data_is_synthetic(snapshot: Snapshot) -> None:
    assert "**Synthetic:**" in (snapshot.folder / "README.md").read_text(encoding="utf-8")


def test_the_asset_writes_the_snapshot_and_reports_rows_size_and_time(
    snapshot: Snapshot, pipeline: Pipeline, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, warehouse_url=SecretStr(pipeline.databases.warehouse))
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions(settings).resolve_job_def("deliver")
        result = run_in_process(job, instance, selection=[SNAPSHOT])
    (event,) = result.asset_materializations_for_node("pipeline")
    assert event.metadata["rows"].value == snapshot.rows
    assert event.metadata["size_bytes"].value == pytest.approx(snapshot.size_bytes, rel=0.1)
    assert (tmp_path / "snapshot" / DUCKDB_FILE).exists()


def test_the_notebook_answers_from_what_its_exposure_names(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    exposure = load_manifest(Settings().home)["exposures"]["exposure.beacon.notebook"]
    named = {node.rpartition(".")[2] for node in exposure["depends_on"]["nodes"]}
    held = tmp_path / ".beacon" / "snapshot" / "parquet"
    held.mkdir(parents=True)
    for name in named:
        (held / f"{name}.parquet").hardlink_to(snapshot.folder / "parquet" / f"{name}.parquet")
    folder = tmp_path / NOTEBOOK.parent.name
    folder.mkdir()
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell for cell in cells if cell.outputs] == []
    NotebookClient(notebook, resources={"metadata": {"path": folder}}).execute()
    shown = {kind for cell in cells for output in cell.outputs for kind in output.get("data", ())}
    assert {"text/html", "image/svg+xml"} <= shown
    assert {
        name for name in named if any(f'read("{name}")' in cell.source for cell in cells)
    } == named


def test_duckdb_misses_nothing_when_a_process_of_ours_ends() -> None:
    uses = "import dagster_project, duckdb; duckdb.sql('select 1').fetchall()"
    finished = subprocess.run(
        [sys.executable, "-c", uses], capture_output=True, text=True, check=True
    )
    assert finished.stderr == ""
