"""Every asset, from the runner's tables to what is delivered, and what Dagster's UI shows of it.

Belongs here: keys, what an asset is made of, groups, owners, columns. Does not belong here: what a
column means (SQL comments and the models' YAML), or doing any work.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache

import dagster as dg

from dagster_project.analyse import RELATIONS as ANALYSED
from dagster_project.analyse import SUMS
from dagster_project.extract import RELATIONS as EXTRACTED
from dagster_project.extract.schema import TABLES
from dagster_project.orchestrate.dbt_assets import INCREMENTAL, MANIFEST, UNPARTITIONED, asset_key
from dagster_project.orchestrate.partitions import JOB_DAYS
from dagster_project.score import RELATIONS as SCORED
from dagster_project.unify.relations import Relation, declared_tables, relations

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

READ_BY_ANALYSTS = "analytics"
REPORT_READS = frozenset({"analytics", "scores"})

COLUMN_SCHEMA = "dagster/column_schema"
TABLE_NAME = "dagster/table_name"


SCHEMA = dg.AssetKey(["warehouse", "schema"])
REPORT = dg.AssetKey(["deliver", "report"])
SNAPSHOT = dg.AssetKey(["deliver", "snapshot"])
PUBLICATIONS = dg.AssetKey(["ops", "publications"])

RUNNER = [
    dg.AssetSpec(
        ["runner", table],
        description=f"The runner's own table {table}: only read.",
        group_name="extract",
        kinds={"postgres"},
    )
    for table in TABLES
]
"""Where the lineage begins."""


def _spec(
    relation: str, group: str, kinds: set[str], inputs: Iterable[dg.AssetKey]
) -> dg.AssetSpec:
    return dg.AssetSpec(
        asset_key(relation),
        deps=list(inputs),
        # Without one Dagster shows what the op says of itself.
        description=declared_tables()[relation].description,
        group_name=group,
        kinds={*kinds, "postgres"},
        partitions_def=JOB_DAYS,
        skippable=True,
    )


def _extract_inputs(relation: str) -> list[dg.AssetKey]:
    table = relation.split(".")[1]
    return [one.key for one in RUNNER if one.key.path[1] == table or table not in TABLES]


def _analyse_inputs(relation: str) -> list[dg.AssetKey]:
    sums = [f"analytics.{table}" for table in SUMS]
    if relation == "analytics.job_verdicts":
        return [asset_key("analytics.answer_outcomes"), asset_key("analytics.job_status")]
    return [
        *(asset_key(name) for name in sums if relation not in sums),
        asset_key("intermediate.int_language_outcomes__daily"),
        asset_key("intermediate.int_question_outcomes__daily"),
        asset_key("intermediate.int_question_contrasts__daily"),
        asset_key("intermediate.int_question_divergences__daily"),
    ]


_ANSWERS = [asset_key("intermediate.int_executions__answers")]
_TABLES = [
    *(_spec(name, "extract", set(), _extract_inputs(name)) for name in EXTRACTED),
    *INCREMENTAL,
    *(_spec(name, "score", {"polars"}, _ANSWERS) for name in SCORED),
    *(_spec(name, "analyse", {"scipy"}, _analyse_inputs(name)) for name in ANALYSED),
]
_VIEWS = {spec.key: spec for spec in UNPARTITIONED if "view" in spec.kinds}


def _tables_behind(keys: Iterable[dg.AssetKey]) -> set[dg.AssetKey]:
    found: set[dg.AssetKey] = set()
    for key in keys:
        if key in _VIEWS:
            found |= _tables_behind(dep.asset_key for dep in _VIEWS[key].deps)
        else:
            found.add(key)
    return found


def _past_views(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Let a table depend on the tables behind the views that it reads.

    A view holds no rows: it need not be made again between two tables. With views between them
    Dagster would ask for the stages of a day one run after another.
    """
    return spec.replace_attributes(deps=sorted(_tables_behind(dep.asset_key for dep in spec.deps)))


SETUP_SPECS = [
    dg.AssetSpec(
        SCHEMA,
        description="Schemas, raw and ops tables, functions, roles: everything in sql/.",
        group_name="extract",
        kinds={"postgres"},
        skippable=True,
    ),
    *UNPARTITIONED,
]
"""What `beacon setup` makes: the schema, seeds and views."""

FRESH_FOR = timedelta(hours=24 + 30)
"""From a day's first rows on: the day, the nightly run after it, and a day for its repair."""


def _kept_fresh(spec: dg.AssetSpec) -> dg.AssetSpec:
    # Dagster's policy sees that something was made; which days are late, the check no_day_is_late.
    if spec.key.path[0] != READ_BY_ANALYSTS:
        return spec
    policy = dg.FreshnessPolicy.time_window(fail_window=FRESH_FOR)
    return spec.replace_attributes(freshness_policy=policy)


STAGE_SPECS = [_kept_fresh(_past_views(spec)) for spec in _TABLES]
"""The tables that the stages replace."""

DELIVERY_SPECS = [
    dg.AssetSpec(
        REPORT,
        deps=[spec.key for spec in STAGE_SPECS if spec.key.path[0] in REPORT_READS],
        description=(
            "What is known about the jobs of a day as one HTML file that needs nothing else, "
            "in the folder BEACON_HOME/reports. `beacon report` writes the one about all days."
        ),
        group_name="deliver",
        kinds={"html"},
        partitions_def=JOB_DAYS,
        skippable=True,
    ),
    dg.AssetSpec(
        SNAPSHOT,
        deps=[
            spec.key
            for spec in (*STAGE_SPECS, *SETUP_SPECS)
            if spec.key.path[0] == READ_BY_ANALYSTS
        ],
        description=(
            "What analysts read as one DuckDB file and Parquet, from one moment of the warehouse, "
            "in the folder BEACON_HOME/snapshot."
        ),
        group_name="deliver",
        kinds={"duckdb", "parquet"},
        skippable=True,
    ),
    dg.AssetSpec(
        PUBLICATIONS,
        deps=[
            asset_key("analytics.fct_job_bias_metrics"),
            asset_key("intermediate.int_analyses__presented"),
            asset_key("intermediate.int_region_results__presented"),
        ],
        description=(
            "Analyses of standard jobs in the runner's own tables, so that its bias page shows "
            "them. Off unless BEACON_PUBLISH_URL is set: then a run does nothing."
        ),
        group_name="publish",
        kinds={"postgres"},
        partitions_def=JOB_DAYS,
        skippable=True,
    ),
]


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
        spec: As its stage defines it, with a stage's name as group.
    """
    stage = str(spec.group_name)
    table = _relations().get(".".join(spec.key.path))
    return spec.replace_attributes(
        description=spec.description or (table.description if table else None),
        group_name=shown_group(stage),
        owners=[OWNERS[stage]],
    ).merge_attributes(metadata=_table_metadata(table) if table else {})


@cache
def _relations() -> Mapping[str, Relation]:
    return relations(MANIFEST)


def _table_metadata(table: Relation) -> Mapping[str, object]:
    columns = [
        dg.TableColumn(
            column.name,
            column.data_type,
            column.description,
            dg.TableColumnConstraints(nullable=not column.is_required),
        )
        for column in table.columns
    ]
    return {COLUMN_SCHEMA: dg.TableSchema(columns), TABLE_NAME: table.name}
