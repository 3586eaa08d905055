"""replace_window: what a run leaves behind, alone and beside another."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from dagster_project.partitions import Window
from dagster_project.unify.dbt_command import build_everything
from dagster_project.unify.dbt_run import DbtError, run_dbt
from tests.reference.rows import DAY, execution, job
from tests.unify.warehouse import ONE_DAY, Row, execute, load, read, unify

NEXT_DAY = DAY + timedelta(days=1)
EVERYTHING = "select * from intermediate.int_executions__resolved order by execution_key"


@pytest.fixture(scope="module")
def warehouse(new_warehouse: Callable[[], str]) -> str:
    return new_warehouse()


@pytest.fixture(autouse=True)
def two_executions(warehouse: str) -> Iterator[None]:
    """One job of two executions, of which nothing is unified yet."""
    execute(
        warehouse,
        "truncate raw.jobs, raw.executions, intermediate.int_jobs__requested,"
        " intermediate.int_executions__resolved",
    )
    load(warehouse, {"jobs": [job()], "executions": [execution(1), _second()]})
    yield
    execute(warehouse, "drop trigger if exists refuse on intermediate.int_executions__resolved")


def _second() -> Row:
    return execution(2, question_id="geography_basic")


def test_a_second_run_of_a_window_changes_nothing(warehouse: str) -> None:
    unify(warehouse)
    first = read(warehouse, EVERYTHING)
    unify(warehouse)
    assert read(warehouse, EVERYTHING) == first
    assert len(first) == 2


def test_a_row_that_is_the_same_is_not_written_again(warehouse: str) -> None:
    unify(warehouse)
    places = (
        "select execution_key, ctid::text from intermediate.int_executions__resolved order by 1"
    )
    first, second = read(warehouse, places)
    execute(warehouse, "update raw.executions set provider_id = 'another' where id = 2")
    unify(warehouse)
    same, changed = read(warehouse, places)
    assert same == first
    assert changed != second


def test_a_run_over_days_leaves_comments_to_setup(warehouse: str) -> None:
    table = "intermediate.int_executions__resolved"
    execute(warehouse, f"comment on table {table} is 'by hand'")
    comment = f"select obj_description('{table}'::regclass) as comment"
    unify(warehouse)
    assert read(warehouse, comment) == [{"comment": "by hand"}]
    run_dbt(build_everything(), url=warehouse)
    assert read(warehouse, comment) != [{"comment": "by hand"}]


def test_a_run_opens_no_session_for_each_of_its_tests(warehouse: str) -> None:
    # Those of this test, too; what has just ended may not be counted yet.
    opened = "select sessions from pg_stat_database where datname = current_database()"
    before = read(warehouse, opened)[0]["sessions"]
    tests = unify(warehouse)
    assert read(warehouse, opened)[0]["sessions"] - before < len(tests)


def test_a_row_that_is_gone_from_the_source_is_gone_after_the_next_run(warehouse: str) -> None:
    unify(warehouse)
    execute(warehouse, "delete from raw.executions where id = 2")
    unify(warehouse)
    assert [row["execution_key"] for row in read(warehouse, EVERYTHING)] == ["e:1"]


def test_a_job_that_moved_to_another_day_is_there_once_and_others_stay(warehouse: str) -> None:
    load(
        warehouse, {"jobs": [job(id=2, jobspec_id="other")], "executions": [execution(3, job_id=2)]}
    )
    unify(warehouse)
    execute(warehouse, "update raw.jobs set job_day = job_day + 1 where id = 1")
    execute(warehouse, "update raw.executions set job_day = job_day + 1 where job_id = 1")
    unify(warehouse, Window.of_day(NEXT_DAY))
    days = {row["execution_key"]: row["job_day"] for row in read(warehouse, EVERYTHING)}
    assert days == {"e:1": NEXT_DAY, "e:2": NEXT_DAY, "e:3": DAY}
    assert len(read(warehouse, "select job_id from intermediate.int_jobs__requested")) == 2


def test_two_runs_of_one_window_at_once_give_each_row_once(warehouse: str) -> None:
    with ThreadPoolExecutor() as pool:
        for finished in [pool.submit(unify, warehouse, ONE_DAY) for _ in range(2)]:
            finished.result()
    assert [row["execution_key"] for row in read(warehouse, EVERYTHING)] == ["e:1", "e:2"]


def test_a_run_that_fails_leaves_the_old_rows(warehouse: str) -> None:
    unify(warehouse)
    first = read(warehouse, EVERYTHING)
    execute(
        warehouse,
        "create or replace function public.refuse() returns trigger language plpgsql as"
        " $$ begin raise exception 'no room'; end $$;"
        " create trigger refuse before insert on intermediate.int_executions__resolved"
        " for each row execute function public.refuse();"
        " update raw.executions set provider_id = 'another'",
    )
    with pytest.raises(DbtError, match="no room"):
        unify(warehouse)
    assert read(warehouse, EVERYTHING) == first


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ("{}", "set the vars window_start and window_end"),
        ('{"window_start": "2025-01-02", "window_end": "2025-01-01"}', "is reversed"),
    ],
)
def test_a_window_that_is_missing_or_wrong_is_an_error(
    warehouse: str, variables: str, complaint: str
) -> None:
    arguments = ("run", "--select", "int_jobs__requested", "--vars", variables)
    with pytest.raises(DbtError, match=complaint):
        run_dbt(arguments, url=warehouse)


def test_one_process_serves_warehouses_in_turn(
    warehouse: str, new_warehouse: Callable[[], str]
) -> None:
    other = new_warehouse()
    for url in (warehouse, other, warehouse):
        unify(url)
    assert len(read(warehouse, EVERYTHING)) == 2
    assert read(other, EVERYTHING) == []
