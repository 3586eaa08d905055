"""Measure how fast a synthetic runner database is made.

    python benchmarks/runner_db.py [--executions 200000]

The database is made on an embedded server of its own in a temporary folder. The scale has 0.3
region_results per execution, as the design's measurements had.
"""

import argparse
import resource
import tempfile
from pathlib import Path
from time import perf_counter

import psycopg

from dagster_project.console import progress
from dagster_project.embedded_postgres.server import create_database, embedded_server
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.spec import RunnerSpec
from dagster_project.settings import Settings

CROSS_REGION_SHARE = 0.7
KIB_PER_MIB = 1024


def main() -> None:
    """Make one database and print rows, rate, memory and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=200_000)
    wanted = parser.parse_args().executions
    spec = RunnerSpec.of_executions(wanted, seed=1, cross_region_share=CROSS_REGION_SHARE)
    with tempfile.TemporaryDirectory() as folder:
        # The server's own user must be able to enter it.
        Path(folder).chmod(0o755)
        with embedded_server(Path(folder), Settings().pg_bindir, durable=True) as server:
            create_database(server, "runner")
            measure(server.url("runner"), spec)


def measure(url: str, spec: RunnerSpec) -> None:
    """Generate and report.

    Args:
        url: Owner URL of an empty database.
        spec: What to make.
    """
    with progress() as bar:
        task = bar.add_task("jobs", total=spec.jobs)
        started = perf_counter()
        manifest = generate(url, spec, lambda done, _total: bar.update(task, completed=done))
        seconds = perf_counter() - started
    with psycopg.connect(url) as connection:
        size = connection.execute(
            "select pg_size_pretty(pg_database_size(current_database()))"
        ).fetchone()
    executions = manifest.tables["executions"]
    print(f"executions        {executions:>12,}")
    print(f"region_results    {manifest.tables['region_results']:>12,}")
    print(f"seconds           {seconds:>12.1f}")
    print(f"executions/s      {executions / seconds:>12,.0f}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KIB_PER_MIB
    print(f"peak memory, MiB  {memory:>12,}")
    print(f"database          {size[0] if size else '':>12}")


if __name__ == "__main__":
    main()
