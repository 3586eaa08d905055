"""A year's backfill in CPU seconds, by stage and by process, against its floor.

    python benchmarks/backfill.py [--executions 100000] [--days 365] [--home FOLDER]

Generates a runner database of that size over 365 days; the warehouse is on a server of its own.

- Stages: what a backfill's runs do, without Dagster.
- Floor: the raw tables copied out and into empty ones, and answers and pairs scored alone, read
  beforehand.
- ``beacon backfill`` of one day in a folder that is new: dbt's project is parsed and compiled.
- ``beacon backfill`` on another warehouse: everything. Then with nothing to do, and with one day
  changed. Its memory is the sum over its processes, the servers' not included.

With --home the source is kept for the next call; --days measures the first days only.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from shutil import rmtree
from time import perf_counter, process_time, sleep

import psutil
import psycopg
from psycopg import sql

from dagster_project.backfill.ledger import Cause
from dagster_project.backfill.plan import CHUNK_DAYS, TO_DO, chunks, current_plan, days_in
from dagster_project.backfill.runs import Work, process_days
from dagster_project.backfill.stages import STAGES, present_versions
from dagster_project.console import out, table
from dagster_project.embedded_postgres.server import (
    EmbeddedServer,
    create_database,
    embedded_server,
)
from dagster_project.extract.schema import TABLES
from dagster_project.frames import read_frames
from dagster_project.partitions import START_DATE, Window
from dagster_project.postgres import connect, read_sql
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.spec import RunnerSpec
from dagster_project.score.scores import score_answers, score_pairs, usable_answers, whole_jobs
from dagster_project.score.window import ANSWERS, prepared
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from dagster_project.unify.setup import set_up_warehouse

HERE = Path(__file__).parent
BATCH_ROWS = Settings().batch_rows
SAMPLE_S = 0.2
MIB = 1024 * 1024

Cpu = Counter[str]
"""Milliseconds of CPU by who spent them."""
WHO = ("client", "children", "source", "warehouse")
"""This process; its children, which are dbt, or `beacon` with its dbt; the two servers."""


def main() -> None:
    """Make the source, then measure stages, floor, whole backfill, nothing to do, one day."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    window = Window(START_DATE, START_DATE + timedelta(days=options.days))
    bindir = Settings().pg_bindir
    with (
        _home(options.home) as home,
        embedded_server(home / "source", bindir) as source,
        embedded_server(home / "target", bindir) as target,
    ):
        clock = Clock(
            {"source": _postmaster(home / "source"), "warehouse": _postmaster(home / "target")}
        )
        runner = make_source(source, options.executions)
        staged, whole = (
            Databases(runner, new_warehouse(target, name)) for name in ("staged", "whole")
        )
        spent = stages_alone(staged, window, clock)
        spent["floor: COPY"] = clock.of(partial(copied, staged.warehouse))
        spent["floor: scoring"] = Counter(client=scoring_ms(staged.warehouse, window))
        first = Databases(runner, new_warehouse(target, "first"))
        spent["first day of a folder"] = clock.of(
            lambda: run_backfill(first, Window.of_day(window.start), new_folder(home), [])
        )
        started = perf_counter()
        peaks: list[int] = []
        backfill = partial(run_backfill, whole, window, home / "state", peaks)
        spent["beacon backfill"] = clock.of(backfill)
        took = perf_counter() - started
        spent["nothing to do"] = clock.of(backfill)
        change_a_day(runner, window.days[len(window.days) // 2])
        spent["one changed day"] = clock.of(backfill)
    for name in ("first day of a folder", "beacon backfill", "nothing to do", "one changed day"):
        # This process only watches their memory.
        del spent[name]["client"]
    rows = [
        (name, *(f"{ms[who] / 1000:.1f}" for who in WHO), f"{ms.total() / 1000:.1f}")
        for name, ms in spent.items()
    ]
    out.print(table("CPU seconds", ["what", *WHO, "sum"], rows))
    floor = spent["floor: COPY"].total() + spent["floor: scoring"].total()
    out.print(
        f"backfill / floor: {spent['beacon backfill'].total() / floor:.1f}; {took:.0f} s wall"
    )
    out.print(f"peak memory of its processes: {max(peaks) / MIB:,.0f} MiB")


class Clock:
    """Tells who spends CPU time."""

    def __init__(self, servers: Mapping[str, psutil.Process]) -> None:
        """Take the first processes of the servers, by name."""
        self.servers = servers

    def of(self, work: Callable[[], object]) -> Cpu:
        """Return what some work spends."""
        before = self.now()
        work()
        return self.now() - before

    def now(self) -> Cpu:
        """Return what each has spent so far."""
        own = process_time()
        seconds = {
            "client": own,
            "children": _cpu_s(psutil.Process()) - own,
            **{name: _cpu_s(process) for name, process in self.servers.items()},
        }
        return Counter({name: round(1000 * value) for name, value in seconds.items()})


def _cpu_s(process: psutil.Process) -> float:
    """CPU seconds of a process and its descendants, ended ones included."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        total += sum(process.cpu_times()[:4])
        total += sum(_cpu_s(child) for child in process.children())
    return total


def new_folder(home: Path) -> Path:
    """Return where commands keep their state, with nothing in it."""
    folder = home / "state"
    if folder.exists():
        rmtree(folder)
    return folder


def _postmaster(home: Path) -> psutil.Process:
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().splitlines()[0]))


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
    """Generate a year of about so many executions, unless it is there; returns the runner's URL."""
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
    """Make a warehouse without rows, in place of an earlier one; returns its URL."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)".encode())
    create_database(server, name)
    set_up_warehouse(server.url(name), present_versions())
    return server.url(name)


def stages_alone(databases: Databases, window: Window, clock: Clock) -> dict[str, Cpu]:
    """Take the window through the stages as a backfill's runs do; returns what each spends."""
    plan = current_plan(databases, window)
    spent: dict[str, Cpu] = {stage.name: Counter() for stage in STAGES}
    for chunk in chunks(plan, days_in(plan, TO_DO), CHUNK_DAYS):
        work = Work(chunk.window, STAGES, Cause("benchmark", "benchmark"), BATCH_ROWS)
        before = clock.now()
        for done in process_days(databases, work):
            after = clock.now()
            spent[done.stage.name] += after - before
            before = after
    return spent


def copied(warehouse: str) -> None:
    """Copy what raw holds into empty tables of the same shape."""
    with (
        connect(warehouse, application="benchmark") as source,
        connect(warehouse, application="benchmark") as target,
    ):
        for name in TABLES:
            raw, empty = sql.Identifier("raw", name), sql.Identifier("floor_" + name)
            target.execute(sql.SQL("create table {} (like {} including all)").format(empty, raw))
            out_of = sql.SQL("copy (table {}) to stdout (format binary)").format(raw)
            into = sql.SQL("copy {} from stdin (format binary)").format(empty)
            with source.cursor().copy(out_of) as rows, target.cursor().copy(into) as copy:
                for row in rows:
                    copy.write(row)


def scoring_ms(warehouse: str, window: Window) -> int:
    """Score every answer and pair of a window; returns the CPU without reading and writing."""
    spent = 0.0
    query = read_sql("score/answers.sql")
    with connect(warehouse, application="benchmark", read_only=True) as source:
        read = read_frames(source, query, vars(window), ANSWERS, BATCH_ROWS)
        for answers in whole_jobs(map(prepared, read)):
            started = process_time()
            scored = score_answers(answers)
            score_pairs(usable_answers(scored.filter("is_usable")))
            spent += process_time() - started
    return round(1000 * spent)


def change_a_day(runner: str, day: date) -> None:
    """Let the runner overwrite an answer of one day."""
    with connect(runner, application="benchmark") as connection:
        changed = connection.execute(read_sql(HERE / "change_a_day.sql"), vars(Window.of_day(day)))
        if changed.rowcount != 1:
            sys.exit(f"no answer of {day} to change")


def run_backfill(databases: Databases, window: Window, home: Path, peaks: list[int]) -> None:
    """Run ``beacon backfill`` as a user would; notes the peak memory of its processes in bytes."""
    environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    process = psutil.Popen(
        [str(Path(sys.executable).with_name("beacon")), "backfill", "--to", str(window.days[-1])],
        env={
            **environment,
            "BEACON_HOME": str(home),
            "BEACON_RUNNER_URL": databases.runner,
            "BEACON_WAREHOUSE_URL": databases.warehouse,
        },
    )
    peaks.append(0)
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            family = [process, *process.children(recursive=True)]
            peaks[-1] = max(peaks[-1], sum(one.memory_info().rss for one in family))
        sleep(SAMPLE_S)
    if process.returncode != 0:
        sys.exit(f"beacon backfill ended with code {process.returncode}")


if __name__ == "__main__":
    main()
