"""Dagster's view of the dbt project: its assets, and its data tests in plain words."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from dagster_project.orchestrate.partitions import JOB_DAYS
from dagster_project.partitions import Window
from dagster_project.settings import Settings
from dagster_project.stage import TestResult
from dagster_project.unify.dbt_run import load_manifest
from dagster_project.unify.relations import relation_name

_SENTENCES = {
    "unique": "No two rows have the same {column_name}.",
    "not_null": "{column_name} is never NULL.",
    "accepted_values": "{column_name} is one of: {values}.",
    "relationships": "Every {column_name} is there as {field} of {to}.",
    "holds": "Every row satisfies: {condition}.",
    "holds_every_row_of": "Every {column_name} of {source_model} is there.",
    "unique_combination": "No two rows agree in all of: {columns}.",
}


def check_description(test: Mapping[str, Any]) -> str:
    """Say what a data test asserts.

    Args:
        test: The test's entry in the manifest.

    Returns:
        Its own description, else a sentence made of its kind and arguments, else its name.
    """
    if test["description"]:
        return str(test["description"])
    kind: Mapping[str, Any] = test.get("test_metadata") or {"name": "", "kwargs": {}}
    sentence = _SENTENCES.get(kind["name"], str(test["name"]).replace("_", " "))
    return sentence.format_map({name: _words(value) for name, value in kind["kwargs"].items()})


def check_verdict(result: TestResult, window: Window) -> str:
    """Say how a data test ended.

    Args:
        result: What dbt reported.
        window: The job_days that it looked at.

    Returns:
        One sentence with the number of rows and the days; dbt's message when the test broke.
    """
    days = f"job_days {window.days[0]} to {window.days[-1]}"
    if result.status == "pass":
        return f"No row of the {days} fails."
    if result.failures is None:
        return f"The test itself failed on the {days}: {result.message}"
    rows = "1 row fails" if result.failures == 1 else f"{result.failures:,} rows fail"
    return f"{rows} in the {days}."


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).removeprefix("ref('").removesuffix("')")


class Translator(DagsterDbtTranslator):
    """Names assets ``schema/relation``, so that an asset key is the table that it stands for."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """Return the asset of one dbt resource.

        Returns:
            The asset; its group is the folder's ``meta.dagster.group``.
        """
        spec = super().get_asset_spec(manifest, unique_id, project)
        properties = self.get_resource_props(manifest, unique_id)
        materialized = properties.get("config", {}).get("materialized", "")
        return spec.replace_attributes(
            key=dg.AssetKey(relation_name(properties).split(".")),
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
        manifest=load_manifest(Settings().home),
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
UNPARTITIONED = _definition(
    "unpartitioned", "config.materialized:view resource_type:seed", partitioned=False
)


CHECKS_BY_TEST = {
    str(spec.metadata["dagster_dbt/unique_id"]): spec.key for spec in INCREMENTAL.check_specs
}
"""Asset check of each dbt data test on a partitioned table."""
