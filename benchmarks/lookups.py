"""Lookups of one job, its two portal payloads and a week, against the same written by hand.

    python benchmarks/lookups.py [--executions 1000000] [--home FOLDER]

Generates a runner database of that size (0.3 region_results per execution), takes it through the
stages without Dagster, and prints each median, the ratio and the plan's sequential scans of wide
tables. With --home the databases are kept, and a second call only measures.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
from psycopg import sql

from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.backfill.ledger import Cause
from dagster_project.backfill.runs import Work, process_days
from dagster_project.backfill.stages import STAGES, present_versions
from dagster_project.console import out, table
from dagster_project.embedded_postgres.server import create_database, embedded_server
from dagster_project.partitions import Window
from dagster_project.postgres import connect, read_sql
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.spec import RunnerSpec
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from dagster_project.unify.setup import set_up_warehouse

HERE = Path(__file__).parent
CROSS_REGION_SHARE = 0.7
CHUNK_DAYS = 7
JOBS = 200
ROUNDS = 3
LOOKUPS = ("one_job", "one_job_with_answers", "portal_executions", "portal_bias_analysis")
WEEK = "week_by_region_and_model"
WIDE_TABLES = ("executions", "region_results", "answers")

Warehouse = psycopg.Connection[Any]


def main() -> None:
    """Build what is missing, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    with (
        _home(options.home) as home,
        embedded_server(home, Settings().pg_bindir) as server,
    ):
        for name in ("runner", "warehouse"):
            create_database(server, name)
        databases = Databases(server.url("runner"), server.url("warehouse"))
        days = build(databases, options.executions)
        with connect(databases.warehouse, application="benchmark", read_only=True) as connection:
            measure(connection, days)


@contextmanager
def _home(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        yield wanted
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def build(databases: Databases, executions: int) -> Window:
    """Generate the source and process the days that the warehouse does not hold.

    Args:
        databases: Source and warehouse, possibly filled by an earlier call.
        executions: Rows of executions, within some per cent.

    Returns:
        The days of the source.
    """
    started = perf_counter()
    spec = RunnerSpec.of_executions(executions, seed=1, cross_region_share=CROSS_REGION_SHARE)
    manifest = generate(databases.runner, spec)
    out.print(f"source: {manifest.tables} in {perf_counter() - started:.0f} s")
    set_up_warehouse(databases.warehouse, present_versions())
    days = sorted(fingerprints(databases.runner))
    window = Window(days[0], days[-1] + timedelta(days=1))
    with connect(databases.warehouse, application="benchmark") as connection:
        if connection.execute(read_sql(HERE / "last_stage_done.sql")).fetchone():
            return window
    totals: dict[str, float] = {}
    for start in range(0, len(window.days), CHUNK_DAYS):
        chunk = window.days[start : start + CHUNK_DAYS]
        part = Window(chunk[0], chunk[-1] + timedelta(days=1))
        work = Work(part, STAGES, Cause("benchmark", "benchmark"), Settings().batch_rows)
        for done in process_days(databases, work):
            totals[done.stage.name] = totals.get(done.stage.name, 0) + done.seconds
            if done.bad_days:
                raise done.bad_days[0].error
    out.print(f"stages, seconds: { {name: round(value) for name, value in totals.items()} }")
    with connect(databases.warehouse, application="benchmark") as connection:
        connection.autocommit = True
        connection.execute("vacuum analyze")
    return window


def measure(connection: Warehouse, days: Window) -> None:
    """Print medians, ratios and plans.

    Args:
        connection: Session on the warehouse.
        days: The days that it holds.
    """
    rows = connection.execute(read_sql(HERE / "some_jobs.sql"), {"jobs": JOBS}).fetchall()
    jobs: list[Mapping[str, object]] = [{"job_id": job_id} for (job_id,) in rows]
    middle = days.days[len(days.days) // 2]
    weeks: list[Mapping[str, object]] = [{"start": middle, "end": middle + timedelta(days=7)}] * 20
    compared = [_compare(connection, name, jobs) for name in LOOKUPS]
    compared.append(_compare(connection, WEEK, weeks))
    out.print(table("Lookups", ["what", "view ms", "by hand ms", "ratio", "wide scans"], compared))


def _compare(
    connection: Warehouse, name: str, parameters: Sequence[Mapping[str, object]]
) -> tuple[str, str, str, str, str]:
    view = read_sql(HERE / f"{name}.view.sql")
    hand = read_sql(HERE / f"{name}.hand.sql")
    view_ms, hand_ms = _medians(connection, (view, hand), parameters)
    scans = _wide_scans(connection, view, parameters[0])
    return (name, f"{view_ms:.2f}", f"{hand_ms:.2f}", f"{view_ms / hand_ms:.1f}", str(scans))


def _medians(
    connection: Warehouse, queries: Sequence[sql.SQL], parameters: Sequence[Mapping[str, object]]
) -> list[float]:
    # In turn, so that a change of the machine's speed meets both.
    times: list[list[float]] = [[] for _ in queries]
    for _ in range(ROUNDS):
        for values in parameters:
            for query, found in zip(queries, times, strict=True):
                started = perf_counter()
                connection.execute(query, values).fetchall()
                found.append((perf_counter() - started) * 1000)
    return [statistics.median(found) for found in times]


def _wide_scans(connection: Warehouse, query: sql.SQL, values: Mapping[str, object]) -> list[str]:
    explain = sql.SQL("explain (format json) {}").format(query)
    row = connection.execute(explain, values).fetchone()
    return sorted(set(_scanned(row[0][0]["Plan"])) & set(WIDE_TABLES)) if row else []


def _scanned(plan: Mapping[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for child in plan.get("Plans", ()):
        yield from _scanned(child)


if __name__ == "__main__":
    main()
