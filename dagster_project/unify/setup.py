"""What dbt does apart from the windows of job_days: building everything, testing whole tables."""

from collections.abc import Mapping, Sequence

from dagster_project.partitions import Window
from dagster_project.postgres import advisory_lock, connect, read_sql
from dagster_project.stage import TestResult
from dagster_project.unify.dbt_command import (
    build_everything,
    build_tables,
    check_whole_tables,
    run_tests,
)
from dagster_project.unify.dbt_run import DbtError, run_dbt
from dagster_project.warehouse import (
    SETUP_LOCK,
    alone,
    create_schema,
    move_into_months,
    patiently,
    record_setup,
)

SEED_OF_CHECK = {
    "regions_are_known": "region_aliases",
    "models_are_known": "model_aliases",
    "questions_are_known": "questions",
    "statuses_are_known": "status_aliases",
}


def set_up_warehouse(url: str, versions: Mapping[str, str]) -> tuple[str, ...]:
    """Apply ``sql/`` and build every dbt model for an empty window; days are left as they are.

    Args:
        url: libpq URL of the warehouse, as owner.
        versions: What the present files and methods are, by part; recorded when all stands.

    Returns:
        One message for each reading role that was left out, with the remedy.
    """
    # Alone: two first builds of one table at the same time make one of them fail.
    with alone(url):
        left_out = patiently(url, lambda: create_schema(url))
        move_into_months(url)
        patiently(url, lambda: run_dbt(build_everything(), url=url))
        record_setup(url, versions)
    return left_out


def build_window(url: str, relations: Sequence[str], window: Window) -> list[TestResult]:
    """Replace a window in some incremental tables; returns the data tests that ran."""
    results = run_dbt(build_tables(relations, window), url=url)
    return [result for result in results if result.unique_id.startswith("test.")]


def test_window(url: str, tests: Sequence[str], window: Window) -> list[TestResult]:
    """Run some data tests, by their unique ids, on a window of job_days."""
    with advisory_lock(url, SETUP_LOCK, shared=True):
        try:
            return run_dbt(run_tests([test.split(".")[2] for test in tests], window), url=url)
        except DbtError as error:
            return list(error.results)


def whole_table_faults(url: str) -> list[str]:
    """Test what must hold over all days and stages; returns a line per fault."""
    try:
        # Shared: views are there as long as they are tested.
        with advisory_lock(url, SETUP_LOCK, shared=True):
            run_dbt(check_whole_tables(), url=url)
    except DbtError as error:
        return str(error).splitlines()
    return []


def unknown_values(url: str, check: str, window: Window) -> list[str]:
    """Name the values that made a check of names fail on a window, and what to do about them.

    Returns:
        A line per value, the most frequent first; none for a check that is not about names.
    """
    if check not in SEED_OF_CHECK:
        return []
    with connect(url, application="checks", read_only=True) as connection:
        rows = connection.execute(
            read_sql("unify/unknown_values.sql"), {"seed": SEED_OF_CHECK[check], **vars(window)}
        ).fetchall()
    return [str(finding) for (finding,) in rows]
