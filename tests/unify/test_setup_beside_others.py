"""``beacon setup`` in a warehouse where others have built upon our views, and read them."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from dagster_project import warehouse as schema
from dagster_project.backfill.stages import present_versions
from dagster_project.postgres import advisory_lock
from dagster_project.unify.setup import set_up_warehouse
from dagster_project.warehouse import SetupError, create_schema, patiently
from tests.reference.rows import execution, job
from tests.unify.warehouse import execute, load, read, unify

ANALYST = "visiting_analyst"
WIDE = 5_000_000_000
GRANTS = (
    "select table_schema || '.' || table_name as relation from information_schema.role_table_grants"
    f" where grantee = '{ANALYST}' and privilege_type = 'SELECT' order by 1"
)


@pytest.fixture(scope="module")
def shared(new_warehouse: Callable[[], str]) -> Iterator[str]:
    """A warehouse with a role that the project does not know, its view and its grants."""
    url = new_warehouse()
    execute(url, f"create role {ANALYST}")
    execute(
        url,
        f"grant usage on schema analytics to {ANALYST};"
        f" grant select on analytics.executions_unified, analytics.job_status to {ANALYST};"
        " create view public.refused as"
        " select job_id, execution_id from analytics.executions_unified"
        " where answer_state = 'refusal';"
        f" grant select on public.refused to {ANALYST};"
        " create view public.questions as select question_id from seeds.questions",
    )
    yield url
    execute(url, f"drop owned by {ANALYST}; drop role {ANALYST}")


def test_a_repeated_setup_leaves_what_others_built_and_were_granted(shared: str) -> None:
    before = read(shared, GRANTS)
    oids = "select 'refused'::regclass::oid, 'analytics.executions_unified'::regclass::oid"
    found = read(shared, oids)
    again = "select count(*) as number, count(distinct question_id) as questions from questions"
    questions = read(shared, again)
    set_up_warehouse(shared, present_versions())
    assert read(shared, GRANTS) == before
    assert len(before) == 3
    assert read(shared, oids) == found
    assert read(shared, again) == questions


@pytest.fixture
def stand(shared: str) -> Iterator[str]:
    """Our view over two columns, theirs over one of them, and one over that."""
    execute(
        shared,
        "create view analytics.ours as select 1 as kept, 2 as gone;"
        f" grant select on analytics.ours to {ANALYST};"
        " create view public.theirs with (security_barrier=true) as"
        " select kept from analytics.ours;"
        " comment on view public.theirs is 'said of it';"
        " create materialized view public.stored as select kept as kept_again from public.theirs;"
        " create unique index stored_key on public.stored (kept_again);"
        f" grant select on public.theirs to {ANALYST}",
    )
    yield shared
    execute(shared, "drop view analytics.ours cascade")


def replaced(definition: str) -> str:
    return f"select ops.replace_view('analytics.ours', '{definition}', '{{}}')"


def test_what_stands_on_a_view_whose_columns_change_is_made_again(stand: str) -> None:
    grants = read(stand, GRANTS)
    execute(stand, replaced("select 3::bigint as kept"))
    assert read(stand, "select kept from theirs") == [{"kept": 3}]
    assert read(stand, "select kept_again from stored") == [{"kept_again": 3}]
    assert read(stand, GRANTS) == grants
    assert read(
        stand,
        "select obj_description('theirs'::regclass) as said, reloptions::text as options,"
        " to_regclass('stored_key') is not null as has_index"
        " from pg_class where oid = 'theirs'::regclass",
    ) == [{"said": "said of it", "options": "{security_barrier=true}", "has_index": True}]


def test_what_does_not_fit_a_changed_view_stops_the_change_and_is_named(stand: str) -> None:
    with pytest.raises(psycopg.errors.ObjectInUse, match=r"theirs stands on analytics\.ours"):
        execute(stand, replaced("select 2 as gone"))
    assert read(stand, "select kept from theirs") == [{"kept": 1}]
    assert read(stand, "select gone from analytics.ours") == [{"gone": 2}]


def test_who_reads_a_view_is_named_when_setup_gave_up_waiting(
    stand: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "PATIENCE_S", 1)
    with psycopg.connect(stand, application_name="long_report") as reader:
        reader.execute("select from analytics.ours")
        with pytest.raises(SetupError, match="long_report") as refused:
            patiently(stand, lambda: execute(stand, replaced("select 5 as kept, 6 as gone")))
        assert f"session {reader.info.backend_pid} of" in str(refused.value)
    execute(stand, replaced("select 5 as kept, 6 as gone"))


def test_setup_waits_for_a_run_no_longer_than_it_says(
    shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "PATIENCE_WITH_RUNS", "50ms")
    with (
        advisory_lock(shared, schema.SETUP_LOCK, shared=True),
        pytest.raises(SetupError, match="50ms"),
    ):
        set_up_warehouse(shared, present_versions())


def test_an_older_warehouse_gets_wide_ids_with_everything_in_its_place(shared: str) -> None:
    for relation, column in (
        ("raw.executions", "id"),
        ("intermediate.int_executions__resolved", "execution_id"),
    ):
        change = f"alter table {relation} alter column {column} type integer"
        execute(shared, f"select ops.rebuild('{relation}', '{change}', '{{}}')")
    create_schema(shared)
    load(shared, {"jobs": [job(id=WIDE)], "executions": [execution(WIDE + 1, job_id=WIDE)]})
    unify(shared)
    columns = "execution_id, job_number from analytics.executions_unified"
    assert read(shared, f"select {columns}") == [{"execution_id": WIDE + 1, "job_number": WIDE}]
    assert read(shared, "select count(*) as number from refused") == [{"number": 0}]
