"""The data dictionary, which the site's build makes from the dbt project."""

from dagster_project.settings import Settings
from dagster_project.unify.dbt_run import load_manifest
from dagster_project.unify.relations import relations
from scripts.data_dictionary import SCHEMAS, relationships


def test_every_relation_and_column_is_described() -> None:
    known = relations(load_manifest(Settings().home)).values()
    assert {relation.schema for relation in known} == set(SCHEMAS)
    silent = [
        f"{relation.name} {name}"
        for relation in known
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
