"""What every asset shows in Dagster's UI, whichever stage defines it.

Belongs here: the order of the groups, owners, columns and their lineage. Does not belong here: what
an asset is (each stage's assets.py) or what a column means (SQL comments and the models' YAML).
"""

from collections.abc import Mapping
from functools import cache

import dagster as dg

from dagster_project.deliver.column_lineage import Origins, column_lineage
from dagster_project.deliver.relations import Relation, declared_tables
from dagster_project.unify.manifest import load_manifest

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

COLUMN_SCHEMA = "dagster/column_schema"
COLUMN_LINEAGE = "dagster/column_lineage"
TABLE_NAME = "dagster/table_name"


def shown_group(stage: str) -> str:
    """Return the name under which Dagster lists a stage's group; it sorts names by alphabet.

    Args:
        stage: A key of OWNERS.

    Returns:
        The stage with its place in the flow in front.

    Raises:
        ValueError: There is no such stage.
    """
    if stage not in OWNERS:
        message = f"group {stage!r} has no owner: add it to OWNERS in {__name__}"
        raise ValueError(message)
    return f"{list(OWNERS).index(stage) + 1}_{stage}"


def presented(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Return an asset's spec with everything that the UI shows about it.

    Args:
        spec: As its stage defines it, with a stage's name as group.

    Returns:
        The spec with owner and ordered group; of a table or view also with description, column
        schema and, where it is known, column lineage.
    """
    stage = str(spec.group_name)
    relation = ".".join(spec.key.path)
    table = declared_tables().get(relation)
    origins = _lineage().get(relation)
    return spec.replace_attributes(
        group_name=shown_group(stage),
        owners=[OWNERS[stage]],
        description=spec.description or (table.description if table else None),
    ).merge_attributes(
        metadata={
            **({COLUMN_SCHEMA: _column_schema(table), TABLE_NAME: relation} if table else {}),
            **({COLUMN_LINEAGE: _lineage_metadata(origins)} if origins else {}),
        },
    )


@cache
def _lineage() -> Mapping[str, Origins]:
    return column_lineage(load_manifest())


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


def _lineage_metadata(origins: Origins) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(relation.split("."), name) for relation, name in columns]
            for column, columns in origins.items()
        }
    )
