from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql

from dagster_project.extract.window import extract_window
from dagster_project.partitions import START_DATE, Window
from dagster_project.paths import SQL_DIR
from dagster_project.postgres import read_sql
from dagster_project.runner_db.schema import create_runner_schema
from dagster_project.warehouse import create_schema
from tests.command import beacon
from tests.roles import url_as


@pytest.mark.parametrize(
    ("role", "readable", "forbidden"),
    [
        ("beacon_analyst", "analytics", ["raw.jobs", "portal.built_later", "ops.quarantine"]),
        ("beacon_portal", "portal", ["raw.jobs", "analytics.built_later", "ops.quarantine"]),
    ],
)
def test_a_reading_role_sees_its_schema_and_nothing_below_it(
    warehouse_url: str, role: str, readable: str, forbidden: list[str]
) -> None:
    with psycopg.connect(warehouse_url) as owner:
        # As dbt does, after the grants: a view over raw that calls a rule.
        owner.execute(
            "create function rules.twice(bigint) returns bigint language sql immutable"
            " return $1 * 2;"
            " create view analytics.built_later as select rules.twice(id) as id from raw.jobs;"
            " create view portal.built_later as select rules.twice(id) as id from raw.jobs;"
            " insert into raw.jobs (id, jobspec_id, job_day) values (21, 'a', '2025-10-01')"
        )
    with psycopg.connect(url_as(warehouse_url, role), autocommit=True) as reader:
        built_later = sql.SQL("select id from {}")
        found = reader.execute(built_later.format(sql.Identifier(readable, "built_later")))
        assert found.fetchall() == [(42,)]
        for name in forbidden:
            query = sql.SQL("table {}").format(sql.Identifier(*name.split(".")))
            with pytest.raises(errors.InsufficientPrivilege):
                reader.execute(query)
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute(sql.SQL("create table {} ()").format(sql.Identifier(readable, "mine")))


def test_the_source_reader_can_be_extracted_with_and_cannot_write(
    runner_url: str, warehouse_url: str
) -> None:
    with psycopg.connect(runner_url) as owner:
        create_runner_schema(owner)
        owner.execute("create table secrets ()")
        owner.execute(read_sql(SQL_DIR / "roles/source_reader.sql"))
        owner.execute(
            "insert into jobs (jobspec_id, jobspec_data, created_at)"
            " values ('a', '{}', '2025-01-01')"
        )
    reader_url = url_as(runner_url, "beacon_reader")
    assert (
        extract_window(reader_url, warehouse_url, Window.of_day(START_DATE), 10).rows["jobs"] == 1
    )
    with psycopg.connect(reader_url, autocommit=True) as reader:
        with pytest.raises(errors.ReadOnlySqlTransaction):
            reader.execute("delete from jobs")
        reader.execute("set default_transaction_read_only = off")
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute("delete from jobs")
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute("table secrets")


def test_the_grants_can_be_applied_again(warehouse_url: str) -> None:
    assert create_schema(warehouse_url) == ()


def test_an_owner_who_may_not_create_roles_is_told_which_were_left_out(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as superuser:
        superuser.execute(
            "do $$ begin"
            " create role weak_owner login;"
            " execute format('alter database %I owner to weak_owner', current_database());"
            " end $$"
        )
        superuser.execute("alter role beacon_analyst rename to beacon_analyst_elsewhere")
    try:
        owner_url = url_as(url, "weak_owner")
        finished = beacon(
            "setup",
            "--same-database",
            home=tmp_path,
            BEACON_RUNNER_URL=owner_url,
            BEACON_WAREHOUSE_URL=owner_url,
        )
    finally:
        with psycopg.connect(url, autocommit=True) as superuser:
            superuser.execute("alter role beacon_analyst_elsewhere rename to beacon_analyst")
            superuser.execute("reassign owned by weak_owner to current_user")
            superuser.execute("drop owned by weak_owner; drop role weak_owner")
    assert finished.returncode == 0, finished.stderr
    assert "role beacon_analyst was left out" in finished.stderr
    assert "sql/roles/warehouse/" in finished.stderr
    assert "beacon_portal" not in finished.stderr
    assert "left out" in finished.stdout
