"""The documents made from the dbt project say what the project says now."""

import json
from pathlib import Path
from typing import Any

import pytest

from dagster_project.deliver.documentation import (
    DICTIONARY,
    RELATIONSHIPS,
    SCHEMAS,
    documents,
    relationships,
)
from dagster_project.unify.manifest import manifest_path


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(manifest_path().read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("path", [DICTIONARY, RELATIONSHIPS], ids=lambda path: path.stem)
def test_a_document_is_up_to_date(manifest: dict[str, Any], path: Path) -> None:
    assert path.read_text(encoding="utf-8") == documents(manifest)[path], (
        "run python -m dagster_project.deliver.documentation"
    )


def test_every_relation_and_column_is_described(manifest: dict[str, Any]) -> None:
    silent = [
        f"{node['name']}.{column['name']}"
        for node in manifest["nodes"].values()
        if node["resource_type"] in {"model", "seed"} and node["schema"] in SCHEMAS
        for column in (node, *node["columns"].values())
        if not column["description"]
    ]
    assert silent == []


def test_the_keys_of_a_pair_are_those_of_answers(manifest: dict[str, Any]) -> None:
    pairs = {
        (one.parent, one.column)
        for one in relationships(manifest)
        if one.child == "scores.answer_pairs"
    }
    assert pairs == {("scores.answers", "left_key"), ("scores.answers", "right_key")}
