"""BEACON_OUTPUT_URL on another folder and on a real S3 server: whole, in turns, found again."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import psycopg
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from dagster_project.cli.app import app
from dagster_project.cli.prune import old_outputs
from dagster_project.cli.shared import FAILED, USAGE
from dagster_project.definitions import definitions
from dagster_project.deliver.browse.make import PAGES
from dagster_project.deliver.browse.make import default_folder as browse_folder
from dagster_project.deliver.report.make import BROWSE, JOB_PAGES, default_path, page_name
from dagster_project.deliver.snapshot.take import DUCKDB_FILE
from dagster_project.deliver.snapshot.take import MARKER as SNAPSHOT_MARKER
from dagster_project.deliver.snapshot.take import default_folder as snapshot_folder
from dagster_project.doctor.finding import Level
from dagster_project.doctor.machine import output_findings
from dagster_project.forget.files import files_of
from dagster_project.forget.warehouse import Keys
from dagster_project.orchestrate.instance import run_in_process
from dagster_project.orchestrate.specs import REPORT, SNAPSHOT
from dagster_project.outputs import ForeignFolderError, Place, output_root, place_of, written_folder
from dagster_project.partitions import Window
from dagster_project.settings import Settings
from tests.command import beacon
from tests.pipeline import Pipeline
from tests.store import ASKS_WHO, s3_server

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"

KILLED_WHILE_PUT = """
import os, signal, sys
from dagster_project.outputs import place_of, written_folder
url, text = sys.argv[1:]
place = place_of(text)
files = place.fs.put
def put(names, places):
    files(names[:1], places[:1])
    os.kill(os.getpid(), signal.SIGKILL)
place.fs.put = put
with written_folder(url, place, "marker") as new:
    for name in ("a", "b", "marker"):
        (new / name).write_text("half")
"""


@pytest.fixture(autouse=True)
def databases(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEACON_RUNNER_URL", pipeline.databases.runner)
    monkeypatch.setenv("BEACON_WAREHOUSE_URL", pipeline.databases.warehouse)


@pytest.fixture
def root(output_url: str) -> Place:
    return output_root(Settings(output_url=output_url))


@pytest.fixture
def prefix(store: str, tmp_path: Path) -> Place:
    """A place in the store that no other test uses."""
    return place_of(f"{store}/{tmp_path.name}")


def done(*arguments: str) -> Result:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def refused(result: Result, code: int, *words: str) -> None:
    assert result.exit_code == code, (result.output, result.exception)
    assert all(word in result.output.replace("\n", " ") for word in words), result.output


def one_job(pipeline: Pipeline) -> Keys:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        found = connection.execute(
            "select job_id, job_day from analytics.job_status order by job_day, job_id limit 1"
        ).fetchone()
    assert found is not None
    return Keys(found[0], numbers=[], runs=[], answers=[], days=[found[1]])


def names(folder: Place) -> set[str]:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if not name.endswith(".lock")}


def test_commands_write_below_the_url_and_print_where(
    root: Place, pipeline: Pipeline, tmp_path: Path
) -> None:
    job = one_job(pipeline).job_id
    for _ in range(2):
        done("browse")
        assert str(default_path(root)) in done("report").output.replace("\n", "")
        done("snapshot")
    done("report", "--job", job)
    page = default_path(root).read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert f'href="{BROWSE}"' in page
    assert f"{JOB_PAGES}/" in page
    assert page_name(job) in {path.name for path in (browse_folder(root) / PAGES).iterdir()}
    assert default_path(root, job_id=job).exists()
    assert names(root / "snapshot") >= {DUCKDB_FILE, SNAPSHOT_MARKER, "parquet/job_status.parquet"}
    copied = tmp_path / "copied.duckdb"
    copied.write_bytes((snapshot_folder(root) / DUCKDB_FILE).read_bytes())
    with (root / "snapshot" / "parquet" / "job_status.parquet").open("rb") as opened:
        rows = pq.read_metadata(opened).num_rows
    with duckdb.connect(copied, read_only=True) as connection:
        statement = "select count(*) from analytics.job_status"
        assert connection.execute(statement).fetchone() == (rows,)
    # Nothing of what was under way is left, here or in BEACON_HOME.
    assert not [name for name in names(root) if "unfinished" in name or ".new" in name]
    assert not (tmp_path / "home" / "reports").exists()
    assert not (tmp_path / "home" / "snapshot").exists()


def test_assets_of_a_run_write_below_the_url_and_show_it(root: Place, pipeline: Pipeline) -> None:
    day = one_job(pipeline).days[0]
    settings = Settings(warehouse_url=SecretStr(pipeline.databases.warehouse))
    with dg.DagsterInstance.ephemeral() as instance:
        result = run_in_process(
            definitions(settings).resolve_job_def("deliver"),
            instance,
            selection=[REPORT, SNAPSHOT],
            tags={RANGE_START: day.isoformat(), RANGE_END: day.isoformat()},
        )
    made = {
        one.asset_key: one.metadata for one in result.asset_materializations_for_node("pipeline")
    }
    report = default_path(root, Window.of_day(day))
    assert made[REPORT]["report"].value == str(report)
    assert made[REPORT]["link"].value == report.as_uri()
    assert report.exists()
    assert made[SNAPSHOT]["path"].value == str(snapshot_folder(root))
    assert (snapshot_folder(root) / SNAPSHOT_MARKER).exists()


def test_what_is_old_below_the_url_is_pruned_and_nothing_else(root: Place, tmp_path: Path) -> None:
    done("report")
    done("snapshot")
    mine = [root / "reports" / "notes.html", root / "snapshot" / "mine.txt"]
    for path in mine:
        path.write_text("<p>mine")
    now = datetime.now(UTC)
    assert old_outputs(Settings(), now - timedelta(days=1)) == []
    found = old_outputs(Settings(), now + timedelta(days=1))
    assert {old.kind for old, _ in found} == {"report", "snapshot"}
    for _, delete in found:
        delete()
    assert names(root) == {"reports/notes.html", "snapshot/mine.txt"}


def test_a_forgotten_job_is_found_below_the_url_and_where_outputs_went_before(
    root: Place, pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, url = one_job(pipeline), pipeline.databases.warehouse
    for command in ("browse", "snapshot", "report"):
        done(command)
        with monkeypatch.context() as patch:
            patch.delenv("BEACON_OUTPUT_URL")
            done(command)
    done("report", "--job", keys.job_id)
    home = tmp_path / "home"
    found = files_of(Settings(), url, keys, removes=False)
    assert {str(one.path) for one in found} >= {
        str(place)
        for below in (root, home)
        for place in (default_path(below), browse_folder(below), snapshot_folder(below))
    }
    assert files_of(Settings(), url, keys, removes=True) == found
    assert files_of(Settings(), url, keys, removes=False) == []
    assert names(root) == set()


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_an_export_goes_to_a_url_that_it_names(prefix: Place, form: str) -> None:
    target = prefix / f"jobs.{form}"
    assert str(target) in done("export", "job_status", "--to", str(target)).output.replace("\n", "")
    assert target.stat().st_size > 0


def test_a_folder_of_a_store_is_replaced_as_a_whole(prefix: Place, pipeline: Pipeline) -> None:
    url = pipeline.databases.warehouse
    for number in ("1", "2"):
        with written_folder(url, prefix, "marker") as new:
            (new / "below").mkdir()
            for name in (f"below/{number}", "top", "marker"):
                (new / name).write_text(number)
        assert names(prefix) == {f"below/{number}", "top", "marker"}
        assert (prefix / "top").read_text() == number


def test_a_folder_of_a_store_whose_writer_is_killed_says_so_and_is_replaced_next_time(
    prefix: Place, pipeline: Pipeline
) -> None:
    url = pipeline.databases.warehouse
    for _ in range(2):
        killed = subprocess.run(
            [sys.executable, "-c", KILLED_WHILE_PUT, url, str(prefix)], check=False
        )
        assert killed.returncode == -signal.SIGKILL
        assert not (prefix / "marker").exists()
        assert (prefix / "a").read_text() == "half"
    with written_folder(url, prefix, "marker") as new:
        (new / "marker").write_text("whole")
    assert names(prefix) == {"marker"}


def test_writers_of_one_folder_of_a_store_take_turns(prefix: Place, pipeline: Pipeline) -> None:
    url = pipeline.databases.warehouse

    def write(number: int) -> None:
        with written_folder(url, prefix, "marker") as new:
            for name in (*map(str, range(20)), "marker"):
                (new / name).write_text(str(number))

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(write, range(4)))
    assert len({path.read_text() for path in prefix.iterdir()}) == 1


def test_a_folder_of_a_store_that_is_somebody_elses_is_not_replaced(
    prefix: Place, pipeline: Pipeline
) -> None:
    (prefix / "thesis.txt").write_text("years of work")
    with (
        pytest.raises(ForeignFolderError, match="--output"),
        written_folder(pipeline.databases.warehouse, prefix, "marker"),
    ):
        pass
    assert names(prefix) == {"thesis.txt"}


def test_what_keeps_a_store_from_being_used_is_said_before_any_work(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {
        "s3://nobody-made-it/x": "bucket",
        # No extra of ours brings what it needs.
        "gs://bucket/x": "pip install",
        "nothing://x": "s3://BUCKET/PREFIX",
    }
    for url, remedy in wanted.items():
        monkeypatch.setenv("BEACON_OUTPUT_URL", url)
        for command in ("report", "browse", "snapshot", "prune"):
            refused(CliRunner().invoke(app, [command]), FAILED, url, remedy)
        (finding,) = output_findings(Settings())
        assert finding.level is Level.FAIL
        assert remedy in finding.remedy
    monkeypatch.setenv("BEACON_OUTPUT_URL", store)
    refused(CliRunner().invoke(app, ["report", "--open"]), USAGE, store, "--output")
    (finding,) = output_findings(Settings())
    assert finding.level is Level.OK


@pytest.fixture(scope="module")
def strict_store() -> Iterator[dict[str, str]]:
    """Variables of a server that knows no keys."""
    with s3_server(**ASKS_WHO) as variables:
        yield dict(variables)


@pytest.mark.parametrize("is_known", [True, False], ids=["other keys", "no keys"])
def test_a_store_that_lets_nobody_in_is_named_with_the_variables(
    strict_store: dict[str, str], pipeline: Pipeline, tmp_path: Path, *, is_known: bool
) -> None:
    keys = {} if is_known else {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    finished = beacon(
        "report",
        home=tmp_path,
        BEACON_WAREHOUSE_URL=pipeline.databases.warehouse,
        BEACON_RUNNER_URL=pipeline.databases.runner,
        BEACON_OUTPUT_URL="s3://bucket/prefix",
        **{**strict_store, **keys, "AWS_EC2_METADATA_DISABLED": "true"},
    )
    assert finished.returncode == FAILED
    assert "s3://bucket/prefix" in finished.stderr
    assert "AWS_ACCESS_KEY_ID" in finished.stderr
    assert "Traceback" not in finished.stderr
