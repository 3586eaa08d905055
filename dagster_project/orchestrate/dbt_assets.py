"""Dagster's view of the dbt project: its assets, and its data tests in plain words.

Read from the manifest alone: dagster-dbt would load dbt into every process (docs/decisions/0075).
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dagster_project.orchestrate.partitions import JOB_DAYS
from dagster_project.partitions import Window
from dagster_project.settings import Settings
from dagster_project.stage import TestResult
from dagster_project.unify.dbt_run import load_manifest
from dagster_project.unify.relations import Manifest, relation_name

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


def asset_key(relation: str) -> dg.AssetKey:
    """Return the asset ``schema/table`` that stands for a table ``schema.table``."""
    return dg.AssetKey(relation.split("."))


def asset_spec(manifest: Manifest, unique_id: str) -> dg.AssetSpec:
    """Return the asset ``schema/relation`` of a model or seed; its group is ``meta.dagster.group``.

    Only what makes it one of dbt's: what it reads, its kind, its SQL.
    """
    node = manifest["nodes"][unique_id]
    shown_sql = f"\n\n```sql\n{node['raw_code']}\n```" if node["raw_code"] else ""
    return dg.AssetSpec(
        asset_key(relation_name(node)),
        deps=sorted(_read_by(manifest, unique_id)),
        description=f"{node['description'].strip()}{shown_sql}",
        group_name=node["config"]["meta"]["dagster"]["group"],
        kinds={"dbt", node["config"]["materialized"]},
        code_version=node["checksum"]["checksum"],
        partitions_def=JOB_DAYS if node["config"]["materialized"] == "incremental" else None,
        skippable=True,
    )


def check_spec(manifest: Manifest, unique_id: str) -> dg.AssetCheckSpec:
    """Return the check of a data test, described in plain words; a warning blocks nothing."""
    test = manifest["nodes"][unique_id]
    asset = asset_key(relation_name(manifest["nodes"][test["attached_node"]]))
    return dg.AssetCheckSpec(
        test["name"],
        asset=asset,
        description=check_description(test),
        additional_deps=sorted(_read_by(manifest, unique_id) - {asset}),
        blocking=test["config"]["severity"].lower() == "error",
    )


def _read_by(manifest: Manifest, unique_id: str) -> set[dg.AssetKey]:
    """What a node reads; of a model that is inlined into it, what that one reads."""
    found: set[dg.AssetKey] = set()
    for parent_id in manifest["nodes"][unique_id]["depends_on"].get("nodes", ()):
        parent = manifest["nodes"].get(parent_id) or manifest["sources"][parent_id]
        if parent["config"].get("materialized") == "ephemeral":
            found |= _read_by(manifest, parent_id)
        else:
            found.add(asset_key(relation_name(parent)))
    return found


MANIFEST: Manifest = load_manifest(Settings().home)


def _materialized(*materializations: str) -> list[str]:
    return [
        unique_id
        for unique_id, node in MANIFEST["nodes"].items()
        if node["config"]["materialized"] in materializations
    ]


_TABLES = _materialized("incremental")

INCREMENTAL = [asset_spec(MANIFEST, unique_id) for unique_id in _TABLES]
"""dbt's partitioned tables."""
UNPARTITIONED = [asset_spec(MANIFEST, unique_id) for unique_id in _materialized("view", "seed")]
"""dbt's views and seeds."""
CHECKS = {
    unique_id: check_spec(MANIFEST, unique_id)
    for unique_id in _materialized("test")
    if MANIFEST["nodes"][unique_id].get("attached_node") in _TABLES
}
"""Asset check of each dbt data test on a partitioned table, by the test's id in the manifest."""
