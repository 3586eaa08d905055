"""One process, two processes and two hosts over the same days: time, lock waits, content.

    python benchmarks/hosts.py [--executions 20000] [--days 124] [--chunk-days 31] [--home FOLDER]

``beacon backfill`` is run with --jobs 1, with --jobs 2, and twice at once with a home folder of its
own for each, as on two hosts. dbt's project is compiled in each folder before. Lock waits are
sampled sessions that wait for a lock, times the interval, as a share of the hosts' time. The three
warehouses must hold the same.
"""

import argparse
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import psycopg

from benchmarks.backfill import _home, make_source, new_warehouse
from dagster_project.console import out, table
from dagster_project.embedded_postgres.server import embedded_server
from dagster_project.partitions import START_DATE
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from dagster_project.unify.dbt_run import load_manifest
from tests.faults.content import content_of

SAMPLE_S = 0.1
WAITING = """
select left(regexp_replace(query, '\\s+', ' ', 'g'), 100), application_name
from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock'
"""
OVERLAPS = """
select count(distinct one.job_day) from ops.partition_ledger as one
where exists (
    select from ops.partition_ledger as other
    where other.run_id <> one.run_id
    and other.started_at < one.finished_at and other.finished_at > one.started_at
)
"""


def main() -> None:
    """Make the source, then take it through the three ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=124)
    parser.add_argument("--chunk-days", type=int, default=31)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    last = START_DATE + timedelta(days=options.days - 1)
    days = [f"--to={last}", f"--chunk-days={options.chunk_days}"]
    ways = {
        "one process": [["--jobs=1"]],
        "two processes": [["--jobs=2"]],
        "two hosts": [["--jobs=1"], ["--jobs=1"]],
    }
    rows, contents = [], []
    with _home(options.home) as home, embedded_server(home, Settings().pg_bindir) as server:
        runner = make_source(server, options.executions)
        for number, (name, hosts) in enumerate(ways.items()):
            databases = Databases(runner, new_warehouse(server, f"hosts_{number}"))
            took, cpu, waits = _measured(databases, home, [[*days, *host] for host in hosts])
            contents.append(content_of(databases.warehouse))
            with psycopg.connect(databases.warehouse) as connection:
                (overlapping,) = connection.execute(OVERLAPS.encode()).fetchone() or (0,)
            share = sum(waits.values()) * SAMPLE_S / (took * len(hosts))
            rows.append((name, f"{took:.1f}", f"{cpu:.1f}", overlapping, f"{share:.1%}"))
            for what, samples in waits.most_common(5):
                out.print(f"  {samples * SAMPLE_S:.1f} s {what}")
    headings = ["way", "seconds", "CPU seconds of clients", "days done beside others", "lock waits"]
    out.print(table(f"{options.executions} executions a year, {options.days} days", headings, rows))
    if any(content != contents[0] for content in contents):
        sys.exit("the warehouses differ")
    out.print("The warehouses hold the same.")


def _measured(
    databases: Databases, home: Path, hosts: Sequence[Sequence[str]]
) -> tuple[float, float, Counter[str]]:
    """Run the command once per host, all at once; return seconds, CPU seconds and lock waits."""
    name = databases.warehouse.rpartition("/")[2]
    inherited = {key: value for key, value in os.environ.items() if key != "DAGSTER_HOME"}
    for number in range(len(hosts)):
        load_manifest(Settings(home=home / f"{name}-{number}").private_home())
    before, started = sum(os.times()[2:4]), perf_counter()
    commands = [
        subprocess.Popen(
            [str(Path(sys.executable).with_name("beacon")), "backfill", *arguments],
            env={
                **inherited,
                "BEACON_HOME": str(home / f"{name}-{number}"),
                "BEACON_RUNNER_URL": databases.runner,
                "BEACON_WAREHOUSE_URL": databases.warehouse,
            },
        )
        for number, arguments in enumerate(hosts)
    ]
    waits: Counter[str] = Counter()
    with psycopg.connect(databases.warehouse, autocommit=True) as connection:
        while any(command.poll() is None for command in commands):
            waits.update(f"{who}: {what}" for what, who in connection.execute(WAITING.encode()))
            try:
                commands[0].wait(timeout=SAMPLE_S)
                if len(commands) > 1:
                    commands[1].wait(timeout=SAMPLE_S)
            except subprocess.TimeoutExpired:
                continue
    if any(command.returncode for command in commands):
        sys.exit("a backfill failed")
    return perf_counter() - started, sum(os.times()[2:4]) - before, waits


if __name__ == "__main__":
    main()
