"""Making a synthetic runner database: the same every time, all of it or nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Literal

import psycopg
import pytest

from dagster_project.extract.schema import TABLES
from dagster_project.postgres import connect
from dagster_project.runner_db.load import NotSyntheticError, generate, load_manifest
from dagster_project.runner_db.manifest import Manifest
from dagster_project.runner_db.schema import SchemaOptions, create_runner_schema
from dagster_project.runner_db.spec import MIN_JOBS, RunnerSpec

SMALL = RunnerSpec(seed=3, jobs=MIN_JOBS)
NewDatabase = Callable[[], str]

GENERATE = """
import sys
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.spec import RunnerSpec

spec = RunnerSpec(seed=3, jobs=int(sys.argv[2]))
generate(sys.argv[1], spec, lambda *done: print(*done, flush=True))
"""


def contents(url: str) -> dict[str, tuple[object, ...] | None]:
    """Return row count and hash of every table, all columns, in the order of the rows."""
    query = """
        select count(*), md5(string_agg(rows.*::text, '|' order by rows.*::text))
        from {table} as rows
    """
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        return {
            table: connection.execute(query.format(table=table).encode()).fetchone()
            for table in TABLES
        }


def columns(url: str, table: str) -> set[str]:
    query = "select column_name from information_schema.columns where table_name = %s"
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute(query, (table,))}


def test_the_smallest_database_holds_every_incident(runner_url: str) -> None:
    manifest = generate(runner_url, SMALL)
    assert [name for name, planted in manifest.incidents.items() if not planted.count] == []


def test_the_same_seed_gives_the_same_rows_in_another_process(new_database: NewDatabase) -> None:
    here, there = new_database(), new_database()
    manifest = generate(here, SMALL)
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    subprocess.run(
        [sys.executable, "-c", GENERATE, there, str(SMALL.jobs)], check=True, env=environment
    )
    assert contents(there) == contents(here)
    assert load_manifest(there) == manifest


def test_another_seed_gives_other_rows(new_database: NewDatabase) -> None:
    here, there = new_database(), new_database()
    generate(here, SMALL)
    generate(there, RunnerSpec(seed=4, jobs=MIN_JOBS))
    assert contents(there)["executions"] != contents(here)["executions"]


def test_a_second_call_changes_nothing(runner_url: str) -> None:
    first = generate(runner_url, SMALL)
    with psycopg.connect(runner_url) as connection:
        connection.execute("update jobs set status = 'touched'")
    assert generate(runner_url, SMALL) == first
    with psycopg.connect(runner_url) as connection:
        states = connection.execute("select distinct status from jobs").fetchall()
    assert states == [("touched",)]


def test_another_scale_replaces_the_database(new_database: NewDatabase) -> None:
    fresh, replaced = new_database(), new_database()
    larger = RunnerSpec(seed=3, jobs=MIN_JOBS + 10)
    generate(replaced, SMALL)
    generate(replaced, larger)
    generate(fresh, larger)
    assert contents(replaced) == contents(fresh)


def test_a_database_that_is_not_ours_is_not_touched(runner_url: str) -> None:
    with connect(runner_url, application="test") as connection:
        create_runner_schema(connection)
        connection.execute("insert into jobs (jobspec_id, jobspec_data) values ('real', '{}')")
    with pytest.raises(NotSyntheticError, match="without the marker"):
        generate(runner_url, SMALL)
    with pytest.raises(NotSyntheticError):
        load_manifest(runner_url)
    assert contents(runner_url)["jobs"] is not None
    with psycopg.connect(runner_url) as connection:
        assert connection.execute("select jobspec_id from jobs").fetchall() == [("real",)]


def test_a_call_that_is_killed_leaves_nothing_and_can_be_repeated(
    new_database: NewDatabase,
) -> None:
    killed, whole = new_database(), new_database()
    process = subprocess.Popen(
        [sys.executable, "-c", GENERATE, killed, "20000"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as progress:
        while not progress.readline().startswith("600 "):
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    with psycopg.connect(killed) as connection:
        assert connection.execute("select to_regclass('jobs')").fetchone() == (None,)
    generate(killed, SMALL)
    generate(whole, SMALL)
    assert contents(killed) == contents(whole)


def test_progress_ends_with_all_jobs(runner_url: str) -> None:
    calls: list[tuple[int, int]] = []
    generate(runner_url, SMALL, lambda done, total: calls.append((done, total)))
    assert calls[-1] == (MIN_JOBS, MIN_JOBS)
    assert calls == sorted(calls)


def test_new_rows_get_ids_behind_the_loaded_ones(runner_url: str) -> None:
    generate(runner_url, SMALL)
    with psycopg.connect(runner_url) as connection:
        row = connection.execute(
            """
            insert into executions (provider_id, region) values ('', 'US')
            returning id > (select max(id) from executions)
            """
        ).fetchone()
    assert row == (True,)


@pytest.mark.parametrize(
    ("options", "table", "missing"),
    [
        (SchemaOptions(question_id=False), "executions", {"question_id"}),
        (
            SchemaOptions(region_verification=False),
            "executions",
            {
                "region_claimed",
                "region_observed",
                "verification_method",
                "preflight_evidence_ref",
                "region_verified",
            },
        ),
        (SchemaOptions(region_results_model_id=False), "region_results", {"model_id"}),
        (SchemaOptions(summary_source=False), "cross_region_analyses", {"summary_source"}),
    ],
)
def test_a_migration_that_failed_leaves_its_columns_out(
    new_database: NewDatabase, options: SchemaOptions, table: str, missing: set[str]
) -> None:
    whole, reduced = new_database(), new_database()
    generate(whole, RunnerSpec(seed=3, jobs=MIN_JOBS, schema=SchemaOptions()))
    generate(reduced, RunnerSpec(seed=3, jobs=MIN_JOBS, schema=options))
    assert columns(whole, table) - columns(reduced, table) == missing
    assert {name: found and found[0] for name, found in contents(reduced).items()} == {
        name: found and found[0] for name, found in contents(whole).items()
    }


@pytest.mark.parametrize(("kind", "unstorable"), [("jsonb", 0), ("json", 4), ("text", 5)])
def test_the_type_of_output_data_decides_what_it_can_hold(
    runner_url: str, kind: Literal["jsonb", "json", "text"], unstorable: int
) -> None:
    options = SchemaOptions(output_data_type=kind)
    manifest = generate(runner_url, RunnerSpec(seed=3, jobs=MIN_JOBS, schema=options))
    assert manifest.quarantined.count == unstorable
    query = "select data_type from information_schema.columns where column_name = 'output_data'"
    with psycopg.connect(runner_url) as connection:
        assert connection.execute(query).fetchone() == (kind,)


def test_updated_at_is_kept_by_a_trigger(runner_url: str) -> None:
    generate(runner_url, SMALL)
    with psycopg.connect(runner_url) as connection:
        row = connection.execute(
            """
            update region_results set status = status
            returning updated_at = now()
            """
        ).fetchone()
    assert row == (True,)


def test_check_constraints_are_absent_and_foreign_keys_hold(runner_url: str) -> None:
    generate(runner_url, SMALL)
    query = """
        select count(*) from pg_constraint
        where contype = %s and connamespace = 'public'::regnamespace
    """
    with psycopg.connect(runner_url) as connection:
        assert connection.execute(query, ("c",)).fetchone() == (0,)
        assert connection.execute(query, ("f",)).fetchone() == (5,)


PLANTED = {
    "I-18": """
        select 'e:' || id from executions
        where least(started_at, completed_at, created_at) < '0002-01-01'
        union all
        select jobspec_id from jobs where created_at < '0002-01-01'
        union all
        select 'c:' || id from cross_region_executions where completed_at < '0002-01-01'
    """,
    "I-21": """
        select 'a:' || id from cross_region_analyses
        where censorship_rate = 0 and summary like '%was censored%'
    """,
    "I-30": """
        select 'e:' || id from executions
        where region not in ('us-east', 'eu-west', 'asia-pacific', 'US', 'EU', 'ASIA')
        and region not in ('', 'unknown', 'sa-east-1')
    """,
}
"""Incidents that no test of the pipeline compares with the manifest."""


@pytest.mark.parametrize("incident", PLANTED)
def test_the_rows_of_an_incident_are_those_of_the_manifest(
    synthetic_url: str, manifest: Manifest, incident: str
) -> None:
    with psycopg.connect(synthetic_url) as connection:
        found = [key for (key,) in connection.execute(PLANTED[incident].encode())]
    planted = manifest.incidents[incident]
    assert sorted(found) == sorted(planted.keys)
    assert planted.count == len(found) > 0


def test_the_stored_manifest_is_the_one_that_was_returned(
    synthetic_url: str, manifest: Manifest
) -> None:
    assert load_manifest(synthetic_url) == manifest
