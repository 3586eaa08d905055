"""The assets of every stage, and what Dagster's UI shows of any asset.

Belongs here: keys, order of the groups, owners, columns. Does not belong here: what a column means
(SQL comments and the models' YAML), or doing any work.
"""

import dagster as dg

from dagster_project.analyse import RELATIONS as ANALYSED
from dagster_project.analyse import SUMS
from dagster_project.extract import RELATIONS as EXTRACTED
from dagster_project.orchestrate.partitions import JOB_DAYS
from dagster_project.unify.relations import Relation, declared_tables

OWNERS = {
    "extract": "team:operations",
    "unify": "team:analytics",
    "score": "team:analytics",
    "analyse": "team:analytics",
    "portal": "team:portal",
    "deliver": "team:analytics",
    "publish": "team:operations",
}
"""Who answers for a group. The groups stand in the order in which data flows."""

SCORED = {
    "scores.answers": "Runner and own measures of each answer.",
    "scores.answer_pairs": "Similarity of each two answers to one question of a job.",
    "scores.job_metrics": "The runner's job metrics, differences, risks and recommendation.",
    "scores.repeat_pairs": (
        "Similarity of answers of one region and model to one question: the noise."
    ),
}

COLUMN_SCHEMA = "dagster/column_schema"
TABLE_NAME = "dagster/table_name"


def asset_key(relation: str) -> dg.AssetKey:
    """Return the asset ``schema/table`` that stands for a table ``schema.table``."""
    return dg.AssetKey(relation.split("."))


def _spec(relation: str, group: str, kind: str, *inputs: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        asset_key(relation),
        deps=[asset_key(name) for name in inputs],
        description=SCORED.get(relation),
        group_name=group,
        kinds={kind, "postgres"} if kind else {"postgres"},
        partitions_def=JOB_DAYS,
        skippable=True,
    )


_SUMS = tuple(f"analytics.{table}" for table in SUMS)
_DAILY_COUNTS = (
    "intermediate.int_question_outcomes__daily",
    "intermediate.int_question_contrasts__daily",
    "intermediate.int_question_distances__daily",
)


def _inputs(relation: str) -> tuple[str, ...]:
    if relation == "analytics.job_verdicts":
        return ("analytics.answer_outcomes", "analytics.job_status")
    return _DAILY_COUNTS if relation in _SUMS else (*_SUMS, *_DAILY_COUNTS)


EXTRACT = [_spec(relation, "extract", "") for relation in EXTRACTED]
SCORE = [
    _spec(relation, "score", "polars", "intermediate.int_executions__answers")
    for relation in SCORED
]
ANALYSE = [_spec(relation, "analyse", "scipy", *_inputs(relation)) for relation in ANALYSED]


def shown_group(stage: str) -> str:
    """Return the name under which Dagster lists a stage's group; it sorts names by alphabet.

    Raises:
        ValueError: The stage has no owner.
    """
    if stage not in OWNERS:
        message = f"group {stage!r} has no owner: add it to OWNERS in {__name__}"
        raise ValueError(message)
    return f"{list(OWNERS).index(stage) + 1}_{stage}"


def presented(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Return an asset's spec with everything that the UI shows about it.

    Args:
        spec: As its stage defines it, with a stage's name as group; of a dbt model or seed with
            its columns.
    """
    stage = str(spec.group_name)
    table = declared_tables().get(".".join(spec.key.path))
    return spec.replace_attributes(
        group_name=shown_group(stage),
        owners=[OWNERS[stage]],
        description=spec.description or (table.description if table else None),
    ).merge_attributes(
        metadata={COLUMN_SCHEMA: _column_schema(table), TABLE_NAME: table.name} if table else {}
    )


def _column_schema(table: Relation) -> dg.TableSchema:
    return dg.TableSchema(
        [
            dg.TableColumn(
                column.name,
                column.data_type,
                column.description,
                dg.TableColumnConstraints(nullable=not column.is_required),
            )
            for column in table.columns
        ]
    )
