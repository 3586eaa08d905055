"""A year's backfill as a whole process, against its bare work; then one with nothing to do.

    python benchmarks/backfill.py [--executions 100000] [--days 365] [--home FOLDER]

Generates a runner database of that size over 365 days. The bare work is each stage's function over
the windows of the same runs, without Dagster, ledger and locks. Then ``beacon backfill`` does it
all on another warehouse; its memory is the sum over its processes, the servers' not included. With
--home the source is kept, and a second call only measures; --days measures the first days only.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import psycopg

from dagster_project.backfill.plan import TO_DO, chunks, current_plan, days_in
from dagster_project.backfill.stages import STAGES, present_versions
from dagster_project.console import out, table
from dagster_project.embedded_postgres.server import (
    EmbeddedServer,
    create_database,
    embedded_server,
)
from dagster_project.partitions import START_DATE, Window
from dagster_project.postgres import connect, read_sql
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.spec import RunnerSpec
from dagster_project.settings import Settings
from dagster_project.stage import Databases, Terms
from dagster_project.unify.setup import set_up_warehouse

HERE = Path(__file__).parent
CHUNK_DAYS = 31
BATCH_ROWS = Settings().batch_rows
SAMPLE_S = 0.2
SESSION_FIELD = 3
PAGES_FIELD = 1
MIB = 1024 * 1024


def main() -> None:
    """Make the source, then measure bare work, whole backfill and nothing to do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    with _home(options.home) as home, embedded_server(home, Settings().pg_bindir) as server:
        runner = make_source(server, options.executions)
        bare, whole = (Databases(runner, new_warehouse(server, name)) for name in ("bare", "whole"))
        window = Window(START_DATE, START_DATE + timedelta(days=options.days))
        seconds = bare_work(bare, window)
        took, peak = measured_backfill(whole, window, home)
        again, _ = measured_backfill(whole, window, home)
    total = sum(seconds.values())
    rows = [
        *((f"bare: {stage}", f"{value:.1f} s") for stage, value in seconds.items()),
        ("bare: sum", f"{total:.1f} s"),
        ("beacon backfill", f"{took:.1f} s"),
        ("ratio", f"{took / total:.2f}"),
        ("peak memory", f"{peak / MIB:,.0f} MiB"),
        ("beacon backfill, nothing to do", f"{again:.1f} s"),
    ]
    out.print(table("Backfill of a year", ["what", "measured"], rows))


@contextmanager
def _home(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        yield wanted
        return
    with tempfile.TemporaryDirectory() as folder:
        # The server's own user must be able to enter it.
        Path(folder).chmod(0o755)
        yield Path(folder)


def make_source(server: EmbeddedServer, executions: int) -> str:
    """Generate a year, unless it is there.

    Args:
        server: Where.
        executions: Rows of executions, within some per cent.

    Returns:
        URL of the runner's database.
    """
    name = f"runner_{executions}"
    with psycopg.connect(server.url("postgres")) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", (name,))
        if found.fetchone() is not None:
            return server.url(name)
    create_database(server, name)
    generate(server.url(name), RunnerSpec.of_executions(executions, seed=1))
    with connect(server.url(name), application="benchmark") as connection:
        connection.execute(read_sql(HERE / "spread_over_a_year.sql"))
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        connection.execute("vacuum full analyze")
    return server.url(name)


def new_warehouse(server: EmbeddedServer, name: str) -> str:
    """Make a warehouse without rows, in place of an earlier one.

    Args:
        server: Where.
        name: Name of the database.

    Returns:
        Its URL.
    """
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)".encode())
    create_database(server, name)
    set_up_warehouse(server.url(name), present_versions())
    return server.url(name)


def bare_work(databases: Databases, window: Window) -> dict[str, float]:
    """Run the stages over the windows that a backfill would use.

    Args:
        databases: Source, and a warehouse without rows.
        window: The days.

    Returns:
        Wall-clock seconds by stage.
    """
    plan = current_plan(databases, window)
    seconds = dict.fromkeys([stage.name for stage in STAGES], 0.0)
    for chunk in chunks(plan, days_in(plan, TO_DO), CHUNK_DAYS):
        for stage in STAGES:
            started = perf_counter()
            stage.run(databases, chunk.window, Terms(BATCH_ROWS))
            seconds[stage.name] += perf_counter() - started
    return seconds


def measured_backfill(databases: Databases, window: Window, home: Path) -> tuple[float, int]:
    """Run ``beacon backfill`` as a user would.

    Args:
        databases: Source and warehouse.
        window: The days.
        home: Folder for Dagster's history.

    Returns:
        Wall-clock seconds and peak memory in bytes, of all its processes together.
    """
    environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    started = perf_counter()
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("beacon")), "backfill", "--to", str(window.days[-1])],
        env={
            **environment,
            "BEACON_HOME": str(home),
            "BEACON_RUNNER_URL": databases.runner,
            "BEACON_WAREHOUSE_URL": databases.warehouse,
        },
        start_new_session=True,
    )
    peak = 0
    while True:
        peak = max(peak, _memory_of_session(process.pid))
        try:
            code = process.wait(timeout=SAMPLE_S)
        except subprocess.TimeoutExpired:
            continue
        if code != 0:
            sys.exit(f"beacon backfill ended with code {code}")
        return perf_counter() - started, peak


def _memory_of_session(session: int) -> int:
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # What follows the name, which is in parentheses and may hold blanks.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            pages = int((folder / "statm").read_text().split()[PAGES_FIELD])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[SESSION_FIELD]) == session:
            total += pages * os.sysconf("SC_PAGE_SIZE")
    return total


if __name__ == "__main__":
    main()
