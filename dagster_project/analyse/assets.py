"""Dagster's view of the statistics: one asset per table that scipy and statsmodels fill."""

from collections.abc import Sequence

import dagster as dg

from dagster_project.analyse.version import METHOD_VERSION
from dagster_project.analyse.window import SUMS, TABLES, analyse_window
from dagster_project.backfill.stages import Databases, Stage
from dagster_project.partitions import JOB_DAYS, Window
from dagster_project.postgres import advisory_lock
from dagster_project.settings import Settings
from dagster_project.unify.dbt_run import NodeResult
from dagster_project.warehouse import STRUCTURE_LOCK

_DAILY_COUNTS = [
    dg.AssetKey(["intermediate", "int_question_outcomes__daily"]),
    dg.AssetKey(["intermediate", "int_question_distances__daily"]),
]
_SUMS = [dg.AssetKey(["analytics", table]) for table in SUMS]


def _inputs(table: str) -> list[dg.AssetKey]:
    if table == "job_verdicts":
        return [dg.AssetKey(["analytics", name]) for name in ("answer_outcomes", "job_status")]
    return _DAILY_COUNTS if table in SUMS else _SUMS


SPECS = [
    dg.AssetSpec(
        ["analytics", table],
        deps=_inputs(table),
        group_name="analyse",
        kinds={"scipy", "postgres"},
        partitions_def=JOB_DAYS,
        skippable=True,
    )
    for table in TABLES
]


def _run(databases: Databases, window: Window) -> Sequence[NodeResult]:
    # The views that it reads must stay as they are.
    with advisory_lock(databases.warehouse, STRUCTURE_LOCK, shared=True):
        analyse_window(databases.warehouse, window, Settings().batch_rows)
    return ()


STAGE = Stage(
    name="analyse",
    relations=tuple(f"analytics.{table}" for table in TABLES),
    run=_run,
    method_version=lambda: METHOD_VERSION,
)
