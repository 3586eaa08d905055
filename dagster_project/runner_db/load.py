"""Makes a synthetic runner database: all or nothing, streamed by COPY with bounded memory.

Belongs here: the transaction, the marker, the stream. Does not belong here: what rows say.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from dagster_project.extract.schema import TABLES
from dagster_project.postgres import (
    connect,
    connect_source,
    lock_table,
    read_sql,
    source_transaction,
)
from dagster_project.runner_db.deck import draft_job, planned_jobs
from dagster_project.runner_db.draft import Draft, World, close
from dagster_project.runner_db.manifest import KEYS_UP_TO_JOBS, Manifest, Tally
from dagster_project.runner_db.payloads import ROW_TYPES
from dagster_project.runner_db.schema import (
    create_constraints,
    create_tables,
)
from dagster_project.runner_db.spec import (
    GENERATOR_VERSION,
    RunnerSpec,
    build_wallets,
)
from dagster_project.runner_db.texts import (
    build_answers,
)

COPY_ROWS = sql.SQL("copy {table} ({columns}) from stdin")


def table_columns(
    connection: psycopg.Connection[tuple[object, ...]],
) -> dict[str, tuple[str, ...]]:
    """Return the columns to write, by table.

    Returns:
        Those columns of the row types that exist, in their order.
    """
    statement = """
        select column_name
        from information_schema.columns
        where table_schema = current_schema() and table_name = %(table)s
    """
    found: dict[str, tuple[str, ...]] = {}
    for table, row_type in ROW_TYPES.items():
        existing = {name for (name,) in connection.execute(statement, {"table": table})}
        found[table] = tuple(name for name in row_type._fields if name in existing)
    return found


def copy_drafts(
    connection: psycopg.Connection[tuple[object, ...]],
    columns: Mapping[str, Sequence[str]],
    drafts: Sequence[Draft],
) -> None:
    """Append all rows of some jobs."""
    contents = [draft.rows() for draft in drafts]
    for table, names in columns.items():
        row_type = ROW_TYPES[table]
        places = [row_type._fields.index(name) for name in names]
        whole = len(places) == len(row_type._fields)
        statement = COPY_ROWS.format(
            table=sql.Identifier(table), columns=sql.SQL(", ").join(map(sql.Identifier, names))
        )
        with connection.cursor().copy(statement) as copy:
            for content in contents:
                for row in content[table]:
                    copy.write_row(row if whole else [row[place] for place in places])


JOBS_PER_BATCH = 300
DROP = """
    drop schema beacon_synthetic cascade;
    drop table
        diffs, cross_region_analyses, region_results, executions, cross_region_executions, jobs;
    drop function touch_updated_at;
"""
"""Applied only where the marker of a synthetic database was found."""

STORE_UNCOMPRESSED = """
    alter table executions
        alter column output_data set storage external,
        alter column receipt_data set storage external
"""
"""Doubles the speed of a load."""

Connection = psycopg.Connection[tuple[object, ...]]
Progress = Callable[[int, int], None]


class NotSyntheticError(RuntimeError):
    """The database holds a runner's tables that this project did not make."""

    def __init__(self) -> None:
        """Say what was found and what to do."""
        super().__init__(
            "the database holds a runner's tables without the marker beacon_synthetic.manifest; "
            "it may be a real one, so nothing was written. Give the URL of an empty database."
        )


def generate(url: str, spec: RunnerSpec, progress: Progress | None = None) -> Manifest:
    """Make a synthetic runner database; does nothing when it is already there.

    All rows and the marker are written in one transaction, so that a killed call leaves nothing.
    A synthetic database of another spec or generator is replaced, loaded answers included.

    Args:
        url: libpq URL of the owner; an empty database or one that this function made.

    Raises:
        NotSyntheticError: The database holds a runner's tables but no marker.
    """
    with writing(url, _read_marker, NotSyntheticError) as connection:
        lock_table(connection, "beacon_synthetic.manifest")
        marker = _read_marker(connection)
        if marker and marker[0] == spec_fields(spec):
            return Manifest.from_json(marker[1])
        # Another release may have written a manifest of another shape.
        if marker:
            connection.execute(DROP)
        elif has_runner_tables(connection):
            raise NotSyntheticError
        return _fill(connection, spec, progress or _ignore)


def present_days_later(url: str) -> int | None:
    """Return how many days later the jobs of a synthetic database lie; None: there is none."""
    with connect_source(url, application="runner-mark") as looking, source_transaction(looking):
        marker = _read_marker(looking)
    return None if marker is None else int(marker[0].get("days_later", 0))


def load_manifest(url: str) -> Manifest:
    """Read the manifest of a synthetic runner database.

    Raises:
        NotSyntheticError: There is none.
    """
    with connect(url, application="manifest", read_only=True) as connection:
        marker = _read_marker(connection)
    if marker is None:
        raise NotSyntheticError
    return Manifest.from_json(marker[1])


def spec_fields(spec: RunnerSpec) -> dict[str, Any]:
    """Return the fields by which two databases are the same."""
    return {**asdict(spec), "generator_version": GENERATOR_VERSION}


def _ignore(done: int, total: int) -> None:
    """Show no progress."""


def _exists(connection: Connection, table: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", (table,)).fetchone()
    return row == (True,)


@contextmanager
def writing(
    url: str, is_ours: Callable[[Connection], object], refusal: type[Exception]
) -> Iterator[Connection]:
    """Open a session that writes, on an empty database or one that has a mark of ours.

    Whether it has is looked at in a session that cannot write.

    Raises:
        Exception: The refusal: the database holds a runner's tables and no mark.
    """
    with connect_source(url, application="runner-mark") as looking, source_transaction(looking):
        if has_runner_tables(looking) and not is_ours(looking):
            raise refusal
    with connect(url, application="runner-db") as connection:
        yield connection


def has_runner_tables(connection: Connection) -> bool:
    """Return whether any of the runner's tables exists."""
    return any(_exists(connection, table) for table in TABLES)


def _read_marker(connection: Connection) -> tuple[Any, Any] | None:
    if not _exists(connection, "beacon_synthetic.manifest"):
        return None
    query = "select spec, manifest from beacon_synthetic.manifest"
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cast("tuple[Any, Any] | None", cursor.execute(query).fetchone())


def _fill(connection: Connection, spec: RunnerSpec, progress: Progress) -> Manifest:
    wallets = build_wallets(spec.seed)
    world = World(
        spec=spec,
        answers=build_answers(spec.seed),
        wallets=wallets,
        tally=Tally(keep_keys=spec.jobs <= KEYS_UP_TO_JOBS),
    )
    create_tables(connection, spec.schema)
    connection.execute(STORE_UNCOMPRESSED)
    _stream(connection, world, progress)
    create_constraints(connection, spec.schema)
    connection.execute(read_sql("runner_db/finish.sql"))
    secrets = tuple(value for wallet in wallets for value in wallet)
    manifest = world.tally.close(spec_fields(spec), secrets)
    connection.execute(read_sql("runner_db/marker.sql"))
    connection.execute(
        "insert into beacon_synthetic.manifest (spec, manifest) values (%s, %s)",
        (json.dumps(spec_fields(spec)), manifest.to_json()),
    )
    return manifest


def _stream(connection: Connection, world: World, progress: Progress) -> None:
    """Write batches of jobs while the next batch is made: the server and we work side by side."""
    jobs = planned_jobs(world.spec)
    columns = table_columns(connection)
    with ThreadPoolExecutor(max_workers=1) as executor:
        writing: Future[None] | None = None
        for start in range(0, len(jobs), JOBS_PER_BATCH):
            batch = [
                draft_job(world, number, job)
                for number, job in enumerate(jobs[start : start + JOBS_PER_BATCH], start + 1)
            ]
            for draft in batch:
                close(world, draft)
            if writing:
                writing.result()
            writing = executor.submit(copy_drafts, connection, columns, batch)
            progress(start, len(jobs))
        if writing:
            writing.result()
    progress(len(jobs), len(jobs))
