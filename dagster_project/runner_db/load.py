"""Makes a synthetic runner database: all or nothing, streamed by COPY with bounded memory.

Belongs here: the transaction, the marker, the stream. Does not belong here: what rows say.
"""

import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import psycopg

from dagster_project.postgres import connect, lock_table, read_sql
from dagster_project.runner_db.copying import copy_drafts, table_columns
from dagster_project.runner_db.deck import draft_job, plan
from dagster_project.runner_db.draft import World, close
from dagster_project.runner_db.identities import build_wallets
from dagster_project.runner_db.manifest import KEYS_UP_TO_JOBS, Manifest, Tally, manifest_of
from dagster_project.runner_db.schema import (
    TABLES,
    create_constraints,
    create_tables,
)
from dagster_project.runner_db.spec import GENERATOR_VERSION, MODELS, REGIONS, RunnerSpec
from dagster_project.runner_db.texts import (
    POLITICAL,
    build_answers,
    load_answers_file,
    refusal_probability,
)

JOBS_PER_BATCH = 300

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
    with connect(url, application="synthetic-runner") as connection:
        lock_table(connection, "beacon_synthetic.manifest")
        present = _read_marker(connection)
        if present and present.spec == spec_fields(spec):
            return present
        if present:
            connection.execute(read_sql("runner_db/drop.sql"))
        elif has_runner_tables(connection):
            raise NotSyntheticError
        return _fill(connection, spec, progress or _ignore)


def load_manifest(url: str) -> Manifest:
    """Read the manifest of a synthetic runner database.

    Raises:
        NotSyntheticError: There is none.
    """
    with connect(url, application="manifest", read_only=True) as connection:
        manifest = _read_marker(connection)
    if manifest is None:
        raise NotSyntheticError
    return manifest


def spec_fields(spec: RunnerSpec) -> dict[str, Any]:
    """Return the fields by which two databases are the same."""
    return {**asdict(spec), "generator_version": GENERATOR_VERSION}


def _ignore(done: int, total: int) -> None:
    """Show no progress."""


def _exists(connection: Connection, table: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", (table,)).fetchone()
    return row == (True,)


def has_runner_tables(connection: Connection) -> bool:
    """Return whether any of the runner's tables exists."""
    return any(_exists(connection, table) for table in TABLES)


def _read_marker(connection: Connection) -> Manifest | None:
    if not _exists(connection, "beacon_synthetic.manifest"):
        return None
    row = connection.execute("select manifest::text from beacon_synthetic.manifest").fetchone()
    return Manifest.from_json(json.loads(str(row[0]))) if row else None


def _fill(connection: Connection, spec: RunnerSpec, progress: Progress) -> Manifest:
    wallets = build_wallets(spec.seed)
    world = World(
        spec=spec,
        answers=build_answers(spec.seed),
        wallets=wallets,
        tally=Tally(keep_keys=spec.jobs <= KEYS_UP_TO_JOBS),
    )
    create_tables(connection, spec.schema)
    connection.execute(read_sql("runner_db/storage.sql"))
    _stream(connection, world, progress)
    create_constraints(connection, spec.schema)
    connection.execute(read_sql("runner_db/finish.sql"))
    secrets = tuple(value for wallet in wallets for value in wallet)
    manifest = manifest_of(world.tally, spec_fields(spec), _effects(), secrets)
    connection.execute(read_sql("runner_db/marker.sql"))
    connection.execute(
        "insert into beacon_synthetic.manifest (spec, manifest) values (%s, %s)",
        (json.dumps(spec_fields(spec)), manifest.to_json()),
    )
    return manifest


def _effects() -> dict[str, float]:
    effects = load_answers_file()["effects"]
    return {
        f"{model}|{region}": refusal_probability(effects, model, region, POLITICAL)
        for model in MODELS
        for region in REGIONS
    }


def _stream(connection: Connection, world: World, progress: Progress) -> None:
    """Write batches of jobs while the next batch is made: the server and we work side by side."""
    jobs = plan(world.spec)
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
