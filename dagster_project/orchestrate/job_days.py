"""The one op that takes job_days through the stages, shown in Dagster as every stage's assets.

Why one op: a Dagster step that fails for one day fails for its whole range, and skips what follows.
Here each good day is materialized on its own, and the run fails at the end naming the bad days
(docs/decisions/0003-one-op-per-chunk.md).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import dagster as dg
from pydantic import Field

from dagster_project.backfill.ledger import Cause
from dagster_project.backfill.runs import (
    BadDay,
    Measures,
    StageDone,
    StoppedError,
    Work,
    process_days,
)
from dagster_project.backfill.stages import STAGES
from dagster_project.backfill.stopping import stop_requests
from dagster_project.orchestrate.checks import ROWS_OF_RUN, rows_of_run
from dagster_project.orchestrate.dbt_assets import CHECKS_BY_TEST, INCREMENTAL, check_verdict
from dagster_project.orchestrate.instance import unsynced_history
from dagster_project.orchestrate.partitions import BACKFILL_POLICY, JOB_DAYS, window_of_run
from dagster_project.orchestrate.specs import ANALYSE, EXTRACT, SCORE, asset_key
from dagster_project.partitions import Window
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from dagster_project.unify.setup import unknown_values

REASON_TAG = "beacon/reason"
BY_HAND = "launched in Dagster"
SHOWN_BAD_DAYS = 20


class JobDaysConfig(dg.Config):
    """What a launch may choose, in the UI's launchpad too."""

    only_needed: bool = Field(
        default=False,
        description="Leave out days that are current when the run gets to them.",
    )


@dg.multi_asset(
    name="job_days",
    specs=[
        *EXTRACT,
        *(spec.replace_attributes(skippable=True) for spec in INCREMENTAL.specs),
        *SCORE,
        *ANALYSE,
    ],
    check_specs=[*INCREMENTAL.check_specs, ROWS_OF_RUN],
    partitions_def=JOB_DAYS,
    backfill_policy=BACKFILL_POLICY,
    can_subset=True,
)
def job_days(
    context: dg.AssetExecutionContext,
    config: JobDaysConfig,
    settings: dg.ResourceParam[Settings],
) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """Replace the selected stages' rows of every job_day of the run's partition range.

    Yields:
        A materialization per good day and table, an evaluation per data test.

    Raises:
        dagster.Failure: The range is not partition keys, or some days failed; names them.
        dagster.DagsterExecutionInterruptedError: The run was asked to stop and days are left.
    """
    window = window_of_run(context)
    databases = Databases.of(settings)
    stages = [
        stage
        for stage in STAGES
        if any(asset_key(name) in context.selected_asset_keys for name in stage.relations)
    ]
    cause = Cause(context.run.run_id, context.run.tags.get(REASON_TAG, BY_HAND))
    work = Work(window, stages, cause, settings.batch_rows, config.only_needed)
    bad_days: list[BadDay] = []
    with unsynced_history(), _stoppable(context) as stop:
        for done in process_days(databases, work, stop):
            yield from _materializations(done, window)
            yield from _checks(done, window, databases.warehouse)
            bad_days.extend(done.bad_days)
            _log(context, done)
    if ROWS_OF_RUN.key in context.selected_asset_check_keys:
        yield rows_of_run(databases, window)
    if bad_days:
        raise _failure(bad_days)


@contextmanager
def _stoppable(context: dg.AssetExecutionContext) -> Iterator[Callable[[], bool]]:
    with stop_requests() as stop:
        try:
            yield stop
        except StoppedError as stopped:
            # Only a run that is being canceled is shown as canceled, any other as failed.
            context.instance.report_run_canceling(context.run, str(stopped))
            raise dg.DagsterExecutionInterruptedError(str(stopped)) from stopped


def _materializations(done: StageDone, window: Window) -> Iterator[dg.AssetMaterialization]:
    for day, rows in done.rows.items():
        for relation, count in rows.items():
            yield dg.AssetMaterialization(
                asset_key(relation),
                partition=day.isoformat(),
                metadata={
                    "dagster/partition_row_count": count,
                    **_known(done.measures[day][relation]),
                    "window of the run": f"[{window.start}, {window.end})",
                    "seconds for the window": round(done.seconds, 3),
                },
            )


def _known(measures: Measures) -> dict[str, float | int | str]:
    # Dagster plots numbers over the days; a day on which a rate is unknown leaves a gap.
    return {name: value for name, value in measures.items() if value is not None}


def _checks(
    done: StageDone, window: Window, warehouse_url: str
) -> Iterator[dg.AssetCheckEvaluation]:
    for test in done.tests:
        key = CHECKS_BY_TEST.get(test.unique_id)
        if key is None:
            continue
        passed = test.status == "pass"
        unknown = [] if passed else unknown_values(warehouse_url, key.name)
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


def _log(context: dg.AssetExecutionContext, done: StageDone) -> None:
    total = sum(rows[done.stage.relations[0]] for rows in done.rows.values())
    seconds = round(done.seconds, 1)
    context.log.info("%s: %s days, %s rows, %s s", done.stage.name, len(done.rows), total, seconds)
    for bad in done.bad_days:
        context.log.error("%s %s: %s", done.stage.name, bad.job_day, bad.error)


def _failure(bad_days: Sequence[BadDay]) -> dg.Failure:
    shown = [f"{bad.job_day}: {bad.error}" for bad in bad_days[:SHOWN_BAD_DAYS]]
    return dg.Failure(
        f"{len(bad_days)} of the run's days failed and keep their old rows; "
        f"the others are done. After the repair: beacon backfill --only failed\n"
        + "\n".join(shown),
        allow_retries=False,
    )
