"""What Dagster shows as asset checks of the backfill itself: bad days, late days, lost rows.

The check of a run looks at its own days when it ends, and so do dbt's data tests; the job
`day_checks` repeats them for a chosen day. The standing checks look at all days, by schedule.
Belongs here: what a check says. Does not belong here: finding it out (plan.py, reconcile.py).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from dagster_project.backfill.plan import BAD, DayPlan, State, current_plan, days_in
from dagster_project.backfill.reconcile import comparable_days, differences, rows_without_day
from dagster_project.deliver.alerts.alerts import Problem, note
from dagster_project.orchestrate.dbt_assets import CHECKS, check_verdict
from dagster_project.orchestrate.partitions import JOB_DAYS, window_of_run
from dagster_project.partitions import ALL_DAYS, Window
from dagster_project.postgres import connect
from dagster_project.settings import Settings
from dagster_project.stage import Databases, TestResult
from dagster_project.unify.setup import test_window, unknown_values, whole_table_faults

SHOWN = 20
LATE_AFTER = timedelta(hours=30)
"""After the end of a job_day: the nightly run at 03:00, and a day for its repair."""

# Outside of the runs' own assets: a run takes along every check of the assets that it selects.
LEDGER = dg.AssetSpec(["ops", "partition_ledger"], group_name="extract", kinds={"postgres"})
UNIFIED = dg.AssetKey(["intermediate", "int_executions__resolved"])

ROWS_OF_RUN = dg.AssetCheckSpec(
    "rows_of_the_run_reconcile",
    asset=UNIFIED,
    description="Source rows = raw rows + quarantined rows = unified rows, on each day of the run.",
)
STANDING = (
    dg.AssetCheckSpec(
        "no_day_is_failed",
        asset=LEDGER.key,
        description="No job_day is failed or quarantined now.",
    ),
    dg.AssetCheckSpec(
        "no_day_is_late",
        asset=LEDGER.key,
        description=f"Each job_day is current {LATE_AFTER} after its end.",
    ),
    dg.AssetCheckSpec(
        "every_source_row_has_a_job_day",
        asset=LEDGER.key,
        description="Each row of the six source tables belongs to exactly one job_day.",
    ),
    dg.AssetCheckSpec(
        "all_rows_reconcile",
        asset=LEDGER.key,
        description="Source rows = raw rows + quarantined rows = unified rows, on every day.",
    ),
)
WHOLE_TABLES = dg.AssetCheckSpec(
    "whole_tables_hold",
    asset=LEDGER.key,
    description="Keys are unique and have their counterpart, over all days and stages.",
)


STANDING_NAME = "standing_checks"
LATE = "late"
OF_DAYS = frozenset({"no_day_is_failed", "no_day_is_late"})
"""Alerts are of each of their days, not of the check."""


@dg.multi_asset_check(name=STANDING_NAME, specs=STANDING, can_subset=True)
def standing_checks(
    context: dg.AssetCheckExecutionContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.AssetCheckResult]:
    """Look at every job_day: bad ones, late ones, rows without a day, lost rows."""
    selected = {key.name for key in context.selected_asset_check_keys}
    with _noting_failure(settings, STANDING_NAME):
        databases = Databases.of(settings)
        days = current_plan(databases)
        results = list(standing_results(databases, selected, days))
        _note_results(settings, results)
        _note_late(settings, days)
    yield from results


def standing_results(
    databases: Databases,
    names: Collection[str] | None = None,
    plan: Sequence[DayPlan] | None = None,
) -> Iterator[dg.AssetCheckResult]:
    """Look at every job_day now.

    Args:
        databases: Source and warehouse.
        names: Which of STANDING; None for all.
        plan: The plan of all days, if it was just read.

    Yields:
        The result of each.
    """
    days = current_plan(databases) if plan is None else plan
    failed, late, dated, reconciled = STANDING
    results: Mapping[str, Callable[[], dg.AssetCheckResult]] = {
        failed.name: lambda: _result(failed, _bad(days), remedy="beacon backfill --only failed"),
        late.name: lambda: _result(late, _late(days, datetime.now(UTC)), remedy="beacon backfill"),
        dated.name: lambda: _result(
            dated,
            rows_without_day(databases.runner),
            remedy="extract/window.sql must give each row one day",
        ),
        reconciled.name: lambda: _reconciliation(reconciled, databases, days),
    }
    for name, look in results.items():
        if names is None or name in names:
            yield look()


@dg.multi_asset_check(name="whole_tables", specs=[WHOLE_TABLES])
def whole_tables(settings: dg.ResourceParam[Settings]) -> Iterator[dg.AssetCheckResult]:
    """Run dbt's tests of whole tables, which no stage of a window can pass or fail alone."""
    with _noting_failure(settings, WHOLE_TABLES.name):
        result = whole_tables_result(settings.require("warehouse_url"))
        _note_results(settings, [result])
    yield result


def whole_tables_result(url: str) -> dg.AssetCheckResult:
    """Test what must hold over all days and stages.

    Args:
        url: libpq URL of the warehouse, as owner.

    Returns:
        The result of WHOLE_TABLES.
    """
    return _result(WHOLE_TABLES, whole_table_faults(url), remedy="beacon backfill --again")


def rows_of_run(databases: Databases, window: Window | None) -> dg.AssetCheckEvaluation:
    """Compare the rows of a run's job_days, or of all; the evaluation of ROWS_OF_RUN."""
    result = _reconciliation(ROWS_OF_RUN, databases, current_plan(databases, window))
    return dg.AssetCheckEvaluation(
        asset_key=ROWS_OF_RUN.asset_key,
        check_name=ROWS_OF_RUN.name,
        passed=result.passed,
        severity=result.severity,
        description=result.description,
        metadata=result.metadata,
    )


def evaluations(
    tests: Sequence[TestResult], window: Window, warehouse_url: str
) -> Iterator[dg.AssetCheckEvaluation]:
    """Say how dbt's data tests of a window ended."""
    for test in tests:
        if test.unique_id not in CHECKS:
            continue
        key = CHECKS[test.unique_id].key
        passed = test.status == "pass"
        unknown = [] if passed else unknown_values(warehouse_url, key.name, window)
        yield dg.AssetCheckEvaluation(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=passed,
            severity=dg.AssetCheckSeverity.WARN,
            description=check_verdict(test, window),
            metadata={
                "failing rows": test.failures or 0,
                **({"values and remedies": "\n".join(unknown)} if unknown else {}),
            },
        )


def checked(
    settings: Settings, checks: Collection[dg.AssetCheckKey], window: Window | None
) -> Iterator[dg.AssetCheckEvaluation]:
    """Run some of the checks of days, each by its own statements.

    Args:
        settings: Names both databases.
        checks: Data tests and ROWS_OF_RUN, by key.
        window: The job_days; None for all.
    """
    tests = [test for test, spec in CHECKS.items() if spec.key in checks]
    if tests:
        warehouse, days = settings.require("warehouse_url"), window or ALL_DAYS
        yield from evaluations(test_window(warehouse, tests, days), days, warehouse)
    if ROWS_OF_RUN.key in checks:
        yield rows_of_run(Databases.of(settings), window)


DAY_CHECKS = {key.name: key for key in (*(spec.key for spec in CHECKS.values()), ROWS_OF_RUN.key)}
"""Every check of a day, by name."""


class DayChecksConfig(dg.Config):
    """Which checks to run."""

    names: list[str] = Field(default=[], description="Names of checks; all of a day when empty.")


@dg.op(out={})
def look_at_days(
    context: dg.OpExecutionContext, config: DayChecksConfig, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.AssetCheckEvaluation]:
    """Run checks on the run's job_days; their results stand on the checks' assets.

    Raises:
        dagster.Failure: A name is none of a check, or the day is no job_day.
    """
    unknown = sorted(set(config.names) - set(DAY_CHECKS))
    window = window_of_run(context.run.tags)
    if unknown or window is None:
        reason = f"no checks of a day: {', '.join(unknown)}" if unknown else "choose a partition"
        raise dg.Failure(f"Nothing was checked: {reason}.", allow_retries=False)
    names = config.names or list(DAY_CHECKS)
    yield from checked(settings, {DAY_CHECKS[name] for name in names}, window)


@dg.job(partitions_def=JOB_DAYS)
def day_checks() -> None:
    """Run the checks of a chosen job_day again: all of them, or those that the config names."""
    look_at_days()


def _reconciliation(
    check: dg.AssetCheckSpec, databases: Databases, days: Sequence[DayPlan]
) -> dg.AssetCheckResult:
    compared = comparable_days(days)
    found: list[str] = []
    if compared:
        window = Window(min(compared), max(compared) + timedelta(days=1))
        found = [str(one) for one in differences(databases, window) if one.job_day in compared]
    remedy = "beacon backfill --again --from DAY --to DAY, for these days"
    return _result(check, found, remedy=remedy, compared=len(compared))


@contextmanager
def _noting_failure(settings: Settings, name: str) -> Iterator[None]:
    """Let those who are told of alerts know when the checks cannot look."""
    cannot_look = f"{name} cannot look"
    try:
        yield
    # Of any class: noted, and raised on.
    except Exception as error:
        what = f"{cannot_look} ({type(error).__name__})"
        _note(settings, [Problem(cannot_look, name, what, "beacon doctor")], [cannot_look])
        raise
    _note(settings, [], [cannot_look])


def _note_results(settings: Settings, results: Sequence[dg.AssetCheckResult]) -> None:
    of_tables = [one for one in results if one.check_name not in OF_DAYS]
    found = [
        Problem(name, name, f"{name}: {one.description}", str(one.metadata["remedy"].value))
        for one in of_tables
        if not one.passed and (name := str(one.check_name))
    ]
    _note(settings, found, [str(one.check_name) for one in of_tables])


def _note_late(settings: Settings, days: Sequence[DayPlan]) -> None:
    # A bad day is told as one. It is late, too, if it was so before, until it is current.
    undecided = days_in(days, {*BAD, State.RUNNING})
    found = [
        Problem(LATE, str(day.job_day), f"{day.job_day}: late, {day.state}", "beacon backfill")
        for day in _late_days(days, datetime.now(UTC))
        if day.job_day not in undecided
    ]
    _note(settings, found, [LATE], [str(day) for day in undecided])


def _note(
    settings: Settings,
    found: Sequence[Problem],
    kinds: Collection[str],
    undecided: Collection[str] = (),
) -> None:
    """Record problems where alerts are on."""
    if settings.alert_urls:
        with connect(settings.require("warehouse_url"), application="alerts") as connection:
            note(connection, found, kinds, undecided)


def _bad(days: Sequence[DayPlan]) -> list[str]:
    bad = days_in(days, BAD)
    return [f"{day.job_day} {day.stage}: {day.reason}" for day in days if day.job_day in bad]


def _late_days(days: Sequence[DayPlan], now: datetime) -> list[DayPlan]:
    waiting = [day for day in days if day.state not in (State.CURRENT, State.RUNNING)]
    return [day for day in waiting if _end(day.job_day) + LATE_AFTER < now]


def _late(days: Sequence[DayPlan], now: datetime) -> list[str]:
    return [f"{day.job_day} {day.state}: {day.reason}" for day in _late_days(days, now)]


def _end(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)


def _result(
    check: dg.AssetCheckSpec, found: Sequence[str], *, remedy: str, **numbers: int
) -> dg.AssetCheckResult:
    shown = "\n".join(f"- {line}" for line in found[:SHOWN])
    more: dict[str, dg.MetadataValue[Any] | str] = (
        {"found": dg.MetadataValue.md(shown), "remedy": remedy} if found else {}
    )
    return dg.AssetCheckResult(
        passed=not found,
        asset_key=check.asset_key,
        check_name=check.name,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{len(found)} found" if found else "none found",
        metadata={"count": len(found), **numbers, **more},
    )
