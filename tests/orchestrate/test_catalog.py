"""What Dagster's UI tells about every asset, whichever stage defines it."""

import dagster as dg
import pytest

from dagster_project.backfill.stages import STAGES
from dagster_project.definitions import defs
from dagster_project.orchestrate.dbt_assets import asset_key
from dagster_project.orchestrate.specs import (
    COLUMN_SCHEMA,
    OWNERS,
    shown_group,
)
from dagster_project.settings import Settings
from dagster_project.unify.dbt_run import load_manifest
from dagster_project.unify.relations import relations

# Sorted: workers must agree on the tests, and Dagster's order changes with each process.
SPECS = {
    spec.key.to_user_string(): spec
    for spec in sorted(defs.resolve_all_asset_specs(), key=lambda spec: tuple(spec.key.path))
}


def schema_of(spec: dg.AssetSpec) -> dict[str, dg.TableColumn]:
    schema = spec.metadata[COLUMN_SCHEMA]
    assert isinstance(schema, dg.TableSchemaMetadataValue | dg.TableSchema)
    columns = schema.columns if isinstance(schema, dg.TableSchema) else schema.value.columns
    return {column.name: column for column in columns}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_an_asset_says_what_it_is_where_it_belongs_and_who_owns_it(spec: dg.AssetSpec) -> None:
    assert spec.description
    assert spec.kinds
    assert spec.owners
    assert spec.group_name in {shown_group(stage) for stage in OWNERS}


@pytest.mark.parametrize(
    "spec",
    [
        spec
        for spec in SPECS.values()
        if ".".join(spec.key.path) in relations(load_manifest(Settings().home))
    ],
)
def test_a_table_or_view_shows_each_column_with_type_and_meaning(spec: dg.AssetSpec) -> None:
    columns = schema_of(spec)
    expected = relations(load_manifest(Settings().home))[".".join(spec.key.path)].columns
    assert list(columns) == [column.name for column in expected]
    assert all(column.type and column.description for column in columns.values())


def test_each_table_that_a_stage_replaces_has_columns() -> None:
    tables = {asset_key(name).to_user_string() for stage in STAGES for name in stage.relations}
    assert all(COLUMN_SCHEMA in SPECS[table].metadata for table in tables)


def test_the_groups_sort_in_the_order_in_which_data_flows() -> None:
    shown = [shown_group(stage) for stage in OWNERS]
    assert shown == sorted(shown)
    assert shown.index(str(SPECS["raw/jobs"].group_name)) < shown.index(
        str(SPECS["scores/answers"].group_name)
    )


def test_a_group_without_an_owner_is_refused() -> None:
    with pytest.raises(ValueError, match="has no owner"):
        shown_group("nobody")
