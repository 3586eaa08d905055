"""Rules and flags are the same whatever a warehouse's server is set to."""

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg

from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.warehouse import create_schema
from tests.reference.rows import execution, job
from tests.unify.warehouse import execute, load, read, unify


def test_keys_are_folded_in_turkish_as_in_english(external_postgres: EmbeddedServer | None) -> None:
    assert external_postgres is not None, "the tests' components bring a Postgres with ICU"
    with psycopg.connect(external_postgres.url("postgres"), autocommit=True) as owner:
        owner.execute(
            "create database turkish template template0 encoding 'UTF8'"
            " locale_provider icu icu_locale 'tr-TR'"
        )
    url = external_postgres.url("turkish")
    create_schema(url)
    with psycopg.connect(url) as connection:
        assert connection.execute("select lower('ASIA')").fetchone() == ("asıa",)
        found = connection.execute(
            "select rules.region_key('ASIA'), rules.model_key('MISTRAL'),"
            " rules.question_key('IDENTITY BASIC'), rules.status_key('FAILED IN IT'),"
            " rules.provider_key('I'), rules.is_test_job('SIMPLE-1', null),"
            " rules.is_timeout(null, 'TIMED OUT'), rules.prompt_key('IN ASIA', 'ASIA')"
        ).fetchone()
    assert found == (
        *("asia", "mistral", "identity_basic", "failed in it", "i"),
        *(True, True, "in asia"),
    )


def test_a_time_zone_of_the_warehouse_changes_no_flag(new_warehouse: Callable[[], str]) -> None:
    url = new_warehouse()
    name = url.rpartition("/")[2]
    # The last hours of the year 1, which is no time at all; in Tokyo it is over by then.
    execute(url, f"alter database {name} set timezone = 'Asia/Tokyo'")
    run = {
        "id": "00000000-0000-0000-0000-000000000001",
        "jobspec_id": job()["jobspec_id"],
        "status": "failed",
        "started_at": datetime(2025, 11, 2, tzinfo=UTC),
        "completed_at": datetime(1, 12, 31, 20, tzinfo=UTC),
        "created_at": datetime(2025, 11, 2, tzinfo=UTC),
        "job_day": job()["job_day"],
    }
    load(url, {"jobs": [job()], "executions": [execution()], "cross_region_executions": [run]})
    unify(url)
    flags = read(url, "select flags::text as flags from intermediate.int_jobs__requested")
    assert flags == [{"flags": "{zero_time}"}]
