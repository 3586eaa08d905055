"""Dagster's view of the scoring stage: one asset per table that polars writes."""

from collections.abc import Sequence

import dagster as dg

from dagster_project.backfill.stages import Databases, Stage
from dagster_project.partitions import JOB_DAYS, Window
from dagster_project.postgres import advisory_lock
from dagster_project.score.version import METHOD_VERSION
from dagster_project.score.window import score_window
from dagster_project.settings import Settings
from dagster_project.unify.dbt_run import NodeResult
from dagster_project.warehouse import STRUCTURE_LOCK

TABLES = {
    "answers": "Runner and own measures of each answer.",
    "answer_pairs": "Similarity of each two answers to one question of a job.",
    "job_metrics": "The runner's job metrics, differences, risks and recommendation.",
    "repeat_pairs": "Similarity of answers of one region and model to one question: the noise.",
}

SPECS = [
    dg.AssetSpec(
        ["scores", table],
        deps=[dg.AssetKey(["intermediate", "int_executions__answers"])],
        description=description,
        group_name="score",
        kinds={"polars", "postgres"},
        partitions_def=JOB_DAYS,
        skippable=True,
    )
    for table, description in TABLES.items()
]


def _run(databases: Databases, window: Window) -> Sequence[NodeResult]:
    # The views that it reads must stay as they are.
    with advisory_lock(databases.warehouse, STRUCTURE_LOCK, shared=True):
        score_window(databases.warehouse, window, Settings().batch_rows)
    return ()


STAGE = Stage(
    name="score",
    relations=tuple(f"scores.{table}" for table in TABLES),
    run=_run,
    method_version=lambda: METHOD_VERSION,
)
