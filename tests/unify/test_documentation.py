"""The documents made from the dbt project say what the project says now."""

from pathlib import Path

import pytest

from dagster_project.deliver.documentation import (
    DICTIONARY,
    RELATIONSHIPS,
    SCHEMAS,
    documents,
    relationships,
)
from dagster_project.settings import Settings
from dagster_project.unify.manifest import load_manifest
from dagster_project.unify.relations import relations


@pytest.mark.parametrize("path", [DICTIONARY, RELATIONSHIPS], ids=lambda path: path.stem)
def test_a_document_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == documents(load_manifest(Settings().home))[path], (
        "run make dictionary"
    )


def test_every_relation_and_column_is_described() -> None:
    silent = [
        f"{relation.name} {name}"
        for relation in relations(load_manifest(Settings().home)).values()
        if relation.schema in SCHEMAS
        for name, description in [
            ("", relation.description),
            *((column.name, column.description) for column in relation.columns),
        ]
        if not description
    ]
    assert silent == []


def test_the_keys_of_a_pair_are_those_of_answers() -> None:
    pairs = {
        (one.parent, one.column)
        for one in relationships(load_manifest(Settings().home))
        if one.child == "scores.answer_pairs"
    }
    assert pairs == {("scores.answers", "left_key"), ("scores.answers", "right_key")}
