"""Dagster's view of the dbt project: seeds and views, and the incremental tables of two stages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from dagster_project.backfill.stages import Databases, Stage
from dagster_project.partitions import JOB_DAYS, Window
from dagster_project.postgres import advisory_lock, connect, read_sql
from dagster_project.settings import Settings
from dagster_project.unify.check_texts import check_description
from dagster_project.unify.dbt_command import build_everything, build_stage
from dagster_project.unify.dbt_run import NodeResult, run_dbt
from dagster_project.unify.manifest import load_manifest, rules_version
from dagster_project.warehouse import STRUCTURE_LOCK, create_schema


class Translator(DagsterDbtTranslator):
    """Names assets ``schema/relation``, so that an asset key is the table that it stands for."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """Return the asset of one dbt resource.

        Args:
            manifest: The dbt manifest.
            unique_id: dbt's id of the resource.
            project: Not used here; part of dagster-dbt's interface.

        Returns:
            The asset; its group is the folder's ``meta.dagster.group``.
        """
        spec = super().get_asset_spec(manifest, unique_id, project)
        properties = self.get_resource_props(manifest, unique_id)
        is_source = properties["resource_type"] == "source"
        name = properties["identifier"] if is_source else properties["name"]
        materialized = properties.get("config", {}).get("materialized", "")
        return spec.replace_attributes(
            key=dg.AssetKey([properties["schema"], name]),
            kinds={"dbt", materialized} if materialized else {"dbt"},
        )

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        """Return the check of one data test, described in plain words.

        Args:
            asset_spec: The asset of the model that the test looks at.
            manifest: The dbt manifest.
            unique_id: dbt's id of the test.
            project: Not used here; part of dagster-dbt's interface.

        Returns:
            The check; None when the test belongs to another asset.
        """
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None:
            return None
        return dg.AssetCheckSpec(
            name=spec.name,
            asset=spec.asset_key,
            description=check_description(self.get_resource_props(manifest, unique_id)),
            additional_deps=spec.additional_deps,
            metadata=spec.metadata,
            blocking=spec.blocking,
        )


def _definition(name: str, select: str, *, partitioned: bool) -> dg.AssetsDefinition:
    # dagster-dbt derives specs and checks from the manifest; the work itself is done by a stage.
    @dbt_assets(
        manifest=load_manifest(),
        select=select,
        name=name,
        dagster_dbt_translator=Translator(),
        partitions_def=JOB_DAYS if partitioned else None,
    )
    def derived() -> Iterator[dg.MaterializeResult[None]]:
        """Never executed: only its specs are read."""
        yield from ()

    return derived


INCREMENTAL = _definition("incremental", "config.materialized:incremental", partitioned=True)
STRUCTURE = _definition(
    "structure", "config.materialized:view resource_type:seed", partitioned=False
)


CHECKS_BY_TEST = {
    str(spec.metadata["dagster_dbt/unique_id"]): spec.key for spec in INCREMENTAL.check_specs
}
"""Asset check of each dbt data test on a partitioned table."""


SEED_OF_CHECK = {
    "regions_are_known": "region_aliases",
    "models_are_known": "model_aliases",
    "questions_are_known": "questions",
    "statuses_are_known": "status_aliases",
}


def unknown_values(url: str, check: str) -> list[str]:
    """Name the values that made a check of names fail, and what to do about them.

    Args:
        url: libpq URL of the warehouse.
        check: Name of the check.

    Returns:
        A line per value, the most frequent first; none for a check that is not about names.
    """
    if check not in SEED_OF_CHECK:
        return []
    with connect(url, application="checks", read_only=True) as connection:
        rows = connection.execute(
            read_sql("unify/unknown_values.sql"), {"seed": SEED_OF_CHECK[check]}
        ).fetchall()
    return [str(finding) for (finding,) in rows]


def _relations(tag: str) -> tuple[str, ...]:
    return tuple(
        sorted(
            f"{node['schema']}.{node['name']}"
            for node in load_manifest()["nodes"].values()
            if node["resource_type"] == "model"
            and node["config"]["materialized"] == "incremental"
            and tag in node["tags"]
        )
    )


def _stage(name: str) -> Stage:
    def run(databases: Databases, window: Window) -> Sequence[NodeResult]:
        with advisory_lock(databases.warehouse, STRUCTURE_LOCK, shared=True):
            results = run_dbt(build_stage(name, window), url=databases.warehouse)
        return [result for result in results if result.unique_id.startswith("test.")]

    return Stage(name=name, relations=_relations(name), run=run, method_version=rules_version)


UNIFY_STAGE = _stage("unify")
FACTS_STAGE = _stage("facts")


@dg.multi_asset(
    name="warehouse_structure",
    specs=[
        dg.AssetSpec(
            ["warehouse", "schema"],
            description="Schemas, raw and ops tables, functions, roles: everything in sql/.",
            group_name="extract",
            kinds={"postgres"},
            skippable=True,
        ),
        *(spec.replace_attributes(skippable=True) for spec in STRUCTURE.specs),
    ],
    can_subset=True,
)
def warehouse_structure(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization]:
    """Create or update everything that is not partitioned; days are left as they are.

    Args:
        context: Dagster's; its selection says which assets to report.

    Yields:
        One materialization per selected asset.
    """
    build_structure(Settings().require_warehouse_url())
    for key in sorted(context.selected_asset_keys):
        yield dg.AssetMaterialization(key)


def build_structure(url: str) -> None:
    """Apply ``sql/`` and build every dbt model for an empty window.

    Args:
        url: libpq URL of the warehouse, as owner.
    """
    create_schema(url)
    # Alone: two first builds of one table at the same time make one of them fail.
    with advisory_lock(url, STRUCTURE_LOCK, shared=False):
        run_dbt(build_everything(), url=url)
