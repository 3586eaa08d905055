"""The data dictionary and the entity-relationship picture, made from what declares the relations.

Belongs here: the documents as text, for the hook that adds them to the site. Does not belong here:
descriptions, which are in the YAML of the models and in ``sql/warehouse``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dagster_project.unify.relations import (
    Column,
    Manifest,
    Relation,
    relation_name,
    relations,
)

Node = Mapping[str, Any]

SCHEMAS = {
    "analytics": "What analysts query.",
    "portal": "What the portal reads: one row per job, to be selected by job_id.",
    "scores": "What the scoring engine computed from answer texts.",
    "seeds": "What operators extend: names, aliases and incidents.",
    "ops": "The pipeline's own records.",
    "intermediate": "Steps between the copies and the public relations; may change without notice.",
    "staging": "The copies with types and names of this project; may change without notice.",
    "raw": "Copies of the runner's six tables, personal data stripped, one job_day at a time.",
}
"""The schemas of the dictionary, in this order."""

MADE_FROM = "Made from the dbt project and `sql/warehouse` by `make docs`.\n"


@dataclass(frozen=True, order=True)
class Relationship:
    """A column of one relation that holds keys of another.

    Attributes:
        parent: Qualified name of the relation that is referred to.
        child: Qualified name of the relation that refers.
        column: Column of the child.
        is_unique: Whether the child has at most one row per key.
    """

    parent: str
    child: str
    column: str
    is_unique: bool


def data_dictionary(manifest: Manifest) -> str:
    """Return Markdown: a section per schema and relation with a table of its columns."""
    known = sorted(relations(manifest).values(), key=lambda relation: relation.name)
    parts = ["# Data dictionary\n", MADE_FROM]
    for schema, meaning in SCHEMAS.items():
        parts.append(f"## {schema}\n\n{meaning}\n")
        parts += [_section(relation) for relation in known if relation.schema == schema]
    return "\n".join(parts)


def entity_relationships(manifest: Manifest) -> str:
    """Return Markdown with one diagram, whose lines are the project's relationships tests."""
    found = sorted(relationships(manifest))
    lines = [
        f"    {_entity(one.parent)} ||--o{'|' if one.is_unique else '{'} {_entity(one.child)}"
        f" : {one.column}"
        for one in found
    ]
    names = sorted({name for one in found for name in (one.parent, one.child)})
    aliases = [f'    {_entity(name)}["{name}"]' for name in names]
    diagram = "\n".join(["```mermaid", "erDiagram", *aliases, *lines, "```"])
    intro = (
        "Each line is a `relationships` test: every key on the right is found on the left. `||--o{`"
        " is one to many, `||--o|` one to at most one.\n"
    )
    return f"# Entities and relationships\n\n{MADE_FROM}\n{intro}\n{diagram}\n"


def relationships(manifest: Manifest) -> Iterator[Relationship]:
    """Yield one relationship per relationships test."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    tests = [node for node in manifest["nodes"].values() if node.get("test_metadata")]
    unique = {
        (_tested(test, nodes), test["column_name"])
        for test in tests
        if test["test_metadata"]["name"] == "unique"
    }
    for test in tests:
        if test["test_metadata"]["name"] == "relationships":
            child = _tested(test, nodes)
            (parent,) = set(test["depends_on"]["nodes"]) - {child}
            yield Relationship(
                parent=relation_name(nodes[parent]),
                child=relation_name(nodes[child]),
                column=test["column_name"],
                is_unique=(child, test["column_name"]) in unique,
            )


def _tested(test: Node, nodes: Mapping[str, Node]) -> str:
    """Return the id of what a test looks at; a test of a source names it in its arguments only."""
    model = test["test_metadata"]["kwargs"]["model"]
    candidates: list[str] = test["depends_on"]["nodes"]
    return next(node for node in candidates if f"'{nodes[node]['name']}'" in model)


def _section(relation: Relation) -> str:
    rows = [_row(column) for column in relation.columns]
    table = "\n".join(["| Column | Type | Meaning |", "|---|---|---|", *rows])
    return f"### {relation.name}\n\n{relation.description}\n\n{table}\n"


def _row(column: Column) -> str:
    meaning = column.description.replace("|", "\\|")
    return f"| `{column.name}` | {column.data_type} | {meaning} |"


def _entity(name: str) -> str:
    return name.replace(".", "__")


def documents(manifest: Manifest) -> dict[str, str]:
    """Return the text of each page by its place in the site."""
    return {
        "data_dictionary.md": data_dictionary(manifest),
        "entity_relationships.md": entity_relationships(manifest),
    }
