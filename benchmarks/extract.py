"""Extract: rows per second, its ratio to bare COPY in the same run, and peak memory.

The floor is the same query copied out of the source and thrown away, plus the rows that result
copied into an empty copy of ``raw.executions``: what the two servers need without any of our code.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from psycopg import sql

from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.embedded_postgres.server import create_database, embedded_server
from dagster_project.extract.schema import TABLES, table_shapes
from dagster_project.extract.window import extract_window, window_parameters, window_rows
from dagster_project.partitions import ALL_DAYS
from dagster_project.postgres import connect
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.schema import SchemaOptions
from dagster_project.runner_db.spec import RunnerSpec
from dagster_project.settings import Settings
from dagster_project.warehouse import create_schema

JOBS = 6_000
BATCH_ROWS = 5_000


def main() -> None:
    """Print one line per measure."""
    with (
        TemporaryDirectory() as home,
        embedded_server(Path(home), Settings().pg_bindir) as server,
    ):
        for name in ("runner", "warehouse"):
            create_database(server, name)
        runner, warehouse = server.url("runner"), server.url("warehouse")
        generate(runner, RunnerSpec(jobs=JOBS, schema=SchemaOptions()))
        create_schema(warehouse)
        memory_before = peak_memory_mb()
        with stopwatch() as extract_s:
            rows = sum(extract_window(runner, warehouse, ALL_DAYS, BATCH_ROWS).rows.values())
        memory = peak_memory_mb()
        with stopwatch() as again_s:
            extract_window(runner, warehouse, ALL_DAYS, BATCH_ROWS)
        with stopwatch() as fingerprint_s:
            fingerprints(runner)
        with stopwatch() as out_s:
            copy_out(runner, warehouse)
        with stopwatch() as in_s:
            copy_in(warehouse)
    floor_s = out_s[0] + in_s[0]
    print(f"rows of six tables        {rows:>10,}")
    print(f"first extract             {rows / extract_s[0]:>10,.0f} rows/s")
    print(f"extract over old rows     {rows / again_s[0]:>10,.0f} rows/s")
    print(f"floor: COPY out           {rows / out_s[0]:>10,.0f} rows/s")
    print(f"floor: COPY in            {rows / in_s[0]:>10,.0f} rows/s")
    print(f"first extract / floor     {extract_s[0] / floor_s:>10.2f}")
    print(f"fingerprints of all days  {fingerprint_s[0]:>10.2f} s")
    print(f"peak memory               {memory:>10,.0f} MB, {memory_before:,.0f} MB of it before")


def copy_out(runner: str, warehouse: str) -> None:
    """Read all windows' rows and throw them away."""
    with (
        connect(runner, application="benchmark", read_only=True) as source,
        connect(warehouse, application="benchmark", read_only=True) as target,
    ):
        for table in table_shapes(source, target):
            statement = sql.SQL("copy ({}) to stdout").format(window_rows(table))
            with source.cursor().copy(statement, window_parameters(ALL_DAYS)) as copy:
                for _ in copy:
                    pass


def copy_in(warehouse: str) -> None:
    """Copy what raw holds into empty tables of the same shape."""
    with (
        connect(warehouse, application="benchmark") as source,
        connect(warehouse, application="benchmark") as target,
    ):
        for table in TABLES:
            raw = sql.Identifier("raw", table)
            target.execute(
                sql.SQL("create table {} (like {} including all)").format(
                    sql.Identifier("floor_" + table), raw
                )
            )
            out = sql.SQL("copy (table {}) to stdout").format(raw)
            into = sql.SQL("copy {} from stdin").format(sql.Identifier("floor_" + table))
            with source.cursor().copy(out) as lines, target.cursor().copy(into) as copy:
                stream = iter(lines)
                while chunk := b"".join(islice(stream, BATCH_ROWS)):
                    copy.write(chunk)


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    """Yield a list that holds the seconds of the block afterwards."""
    seconds: list[float] = []
    start = perf_counter()
    yield seconds
    seconds.append(perf_counter() - start)


def peak_memory_mb() -> float:
    """Return the largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
