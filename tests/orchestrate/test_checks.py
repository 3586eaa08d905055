"""The checks of the backfill itself: each passes on a finished pipeline, and each can fail."""

from collections.abc import Callable, Iterator

import dagster as dg
import psycopg
import pytest

from dagster_project.definitions import defs
from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.orchestrate.checks import (
    DAY_CHECKS,
    ROWS_OF_RUN,
    SHOWN,
    STANDING,
    WHOLE_TABLES,
    look_at_days,
    standing_results,
    whole_tables_result,
)
from dagster_project.orchestrate.instance import dagster_instance, run_in_process
from dagster_project.orchestrate.partitions import DAY_TAG
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from tests.orchestrate.copies import copied_pipeline
from tests.pipeline import Pipeline

NAMES = {check.name for check in (*STANDING, WHOLE_TABLES)}


@pytest.fixture(scope="module")
def copy(pipeline: Pipeline, postgres_server: EmbeddedServer) -> Iterator[Databases]:
    assert pipeline.run_ids
    with copied_pipeline(postgres_server) as databases:
        yield databases


@pytest.fixture
def source(copy: Databases) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(copy.runner, autocommit=True) as connection:
        yield connection


@pytest.fixture
def warehouse(copy: Databases) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(copy.warehouse, autocommit=True) as connection:
        yield connection


Connection = psycopg.Connection[tuple[object, ...]]


def failing(databases: Databases) -> dict[str, str]:
    """The checks that fail now, with what they found."""
    return {
        str(result.check_name): str(result.metadata["found"].value)
        for result in standing_results(databases)
        if not result.passed
    }


def test_every_check_passes_in_dagster_when_the_pipeline_is_finished(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEACON_RUNNER_URL", pipeline.databases.runner)
    monkeypatch.setenv("BEACON_WAREHOUSE_URL", pipeline.databases.warehouse)
    with dagster_instance(Settings(home=pipeline.home)) as instance:
        result = defs.resolve_job_def("checks").execute_in_process(instance=instance)
    evaluations = result.get_asset_check_evaluations()
    assert {one.check_name: one.passed for one in evaluations} == dict.fromkeys(NAMES, True)


def test_each_run_reconciles_the_rows_of_its_days(pipeline: Pipeline) -> None:
    with dagster_instance(Settings(home=pipeline.home)) as instance:
        for run_id in pipeline.run_ids[1:]:
            events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
            data = [event.get_dagster_event().asset_check_evaluation_data for event in events]
            (found,) = [one for one in data if one.check_name == ROWS_OF_RUN.name]
            assert found.passed
            assert found.metadata["compared"].value


@pytest.fixture
def day_check(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, str], list[str]], dg.ExecuteInProcessResult]:
    """Launch the job of the day checks with tags and names, as its launchpad does."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("BEACON_RUNNER_URL", pipeline.databases.runner)
    monkeypatch.setenv("BEACON_WAREHOUSE_URL", pipeline.databases.warehouse)

    def run(tags: dict[str, str], names: list[str]) -> dg.ExecuteInProcessResult:
        with dagster_instance(Settings(home=pipeline.home)) as instance:
            return run_in_process(
                defs.resolve_job_def("day_checks"),
                instance,
                tags=tags,
                run_config={"ops": {look_at_days.name: {"config": {"names": names}}}},
            )

    return run


def test_one_check_is_run_again_for_one_chosen_day(
    pipeline: Pipeline,
    day_check: Callable[[dict[str, str], list[str]], dg.ExecuteInProcessResult],
) -> None:
    day = min(pipeline.manifest.job_days)
    name = min(set(DAY_CHECKS) - {ROWS_OF_RUN.name})
    result = day_check({DAY_TAG: day}, [name, ROWS_OF_RUN.name])
    assert result.success
    found = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert set(found) == {name, ROWS_OF_RUN.name}
    assert day in str(found[name].description)
    assert found[ROWS_OF_RUN.name].metadata["compared"].value == 1


@pytest.mark.parametrize(
    ("tags", "names", "words"),
    [
        ({}, [], "choose a partition"),
        ({DAY_TAG: "2024-12-31"}, [], "no range of job_days"),
        ({DAY_TAG: "2999-01-01"}, [], "no range of job_days"),
        ({DAY_TAG: "yesterday"}, [], "no range of job_days"),
        ({DAY_TAG: "2025-10-01"}, ["no_such_check"], "no_such_check"),
    ],
)
def test_what_is_no_job_day_and_no_check_is_refused_in_words(
    day_check: Callable[[dict[str, str], list[str]], dg.ExecuteInProcessResult],
    tags: dict[str, str],
    names: list[str],
    words: str,
) -> None:
    result = day_check(tags, names)
    assert not result.success
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    cause = failed.step_failure_data
    assert cause.user_failure_data is not None
    assert words in str(cause.error)


LOST = (
    "with gone as (delete from {0} where {1} returning *) select * into kept from gone",
    "insert into {0} select * from kept; drop table kept",
)
CHANGED = (
    "update {0} set status = status || '!' where {1}",
    "update {0} set status = trim(status, '!') where {1}",
)


@pytest.mark.parametrize(
    ("how", "table", "rows"),
    [
        (LOST, "raw.executions", "id = 7"),
        (LOST, "intermediate.int_executions__resolved", "execution_key = 'e:7'"),
        (LOST, "ops.quarantine", "true"),
        (CHANGED, "raw.jobs", "id = 7"),
    ],
    ids=["lost-from-raw", "lost-from-unified", "lost-from-quarantine", "changed-in-raw"],
)
def test_a_row_that_is_lost_or_changed_is_seen(
    copy: Databases, warehouse: Connection, how: tuple[str, str], table: str, rows: str
) -> None:
    broken, mended = (statement.format(table, rows).encode() for statement in how)
    warehouse.execute(broken)
    assert set(failing(copy)) == {"all_rows_reconcile"}
    warehouse.execute(mended)
    assert failing(copy) == {}


def test_a_score_without_its_answer_is_seen(copy: Databases, warehouse: Connection) -> None:
    warehouse.execute(
        "update scores.answers set execution_key = 'lost ' || execution_key"
        " where execution_key = (select min(execution_key) from scores.answers)"
    )
    found = whole_tables_result(copy.warehouse)
    warehouse.execute(
        "update scores.answers set execution_key = substr(execution_key, 6)"
        " where execution_key like 'lost %'"
    )
    assert not found.passed
    assert "scores_answers" in str(found.metadata["found"].value)


def test_days_that_are_failed_are_counted_exactly_and_the_first_are_shown(
    copy: Databases, warehouse: Connection
) -> None:
    changed = "update ops.partition_ledger set status = %s, error = 'bad row' where stage = 'score'"
    failed = warehouse.execute(changed.encode(), ["quarantined"]).rowcount
    found = {result.check_name: result for result in standing_results(copy) if not result.passed}
    warehouse.execute(changed.encode(), ["done"])
    inventory = found["no_day_is_failed"]
    assert inventory.metadata["count"].value == failed > SHOWN
    assert len(str(inventory.metadata["found"].value).splitlines()) == SHOWN
    assert inventory.metadata["remedy"].value == "beacon backfill --only failed"


def test_a_day_that_is_not_current_long_after_its_end_is_late(
    copy: Databases, warehouse: Connection
) -> None:
    (day,) = warehouse.execute("select min(job_day) from ops.partition_ledger").fetchall()[0]
    changed = "update ops.partition_ledger set method_version = %s where job_day = %s"
    (version,) = warehouse.execute(
        "select method_version from ops.partition_ledger where stage = 'score'"
    ).fetchall()[0]
    changed += " and stage = 'score'"
    warehouse.execute(changed.encode(), ["older", day])
    found = failing(copy)
    warehouse.execute(changed.encode(), [version, day])
    assert set(found) == {"no_day_is_late"}
    assert str(day) in found["no_day_is_late"]


def test_a_source_row_that_belongs_to_no_day_is_seen(copy: Databases, source: Connection) -> None:
    # Past the foreign key, as a restore of single tables does it.
    source.execute("set session_replication_role = replica")
    source.execute(
        "delete from cross_region_executions where id ="
        " (select cross_region_execution_id from region_results order by id limit 1)"
    )
    assert "region_results" in failing(copy)["every_source_row_has_a_job_day"]
