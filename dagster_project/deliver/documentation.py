"""The data dictionary and the entity-relationship picture, made from the dbt manifest.

Belongs here: the documents as text. Does not belong here: descriptions, which are in the YAML of
the models. ``python -m dagster_project.deliver.documentation`` writes both files.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.paths import PROJECT_DIR
from dagster_project.unify.manifest import manifest_path

Node = Mapping[str, Any]
Manifest = Mapping[str, Any]

DICTIONARY = PROJECT_DIR / "docs" / "data_dictionary.md"
RELATIONSHIPS = PROJECT_DIR / "docs" / "entity_relationships.md"

SCHEMAS = {
    "analytics": "What analysts query.",
    "portal": "What the portal reads: one row per job, to be selected by job_id.",
    "seeds": "What operators extend: names, aliases and incidents.",
    "intermediate": "Steps between the copies and the public relations; may change without notice.",
}
"""The schemas of the dictionary, in this order."""

MADE_FROM = (
    "Made from the dbt project by `python -m dagster_project.deliver.documentation`; "
    "do not edit by hand.\n"
)


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
    """Return the dictionary of every relation that can be queried.

    Args:
        manifest: The dbt manifest.

    Returns:
        Markdown: a section per schema and relation with a table of its columns.
    """
    relations = sorted(_relations(manifest), key=_qualified_name)
    parts = ["# Data dictionary\n", MADE_FROM]
    for schema, meaning in SCHEMAS.items():
        parts.append(f"## {schema}\n\n{meaning}\n")
        parts += [_section(node) for node in relations if node["schema"] == schema]
    return "\n".join(parts)


def entity_relationships(manifest: Manifest) -> str:
    """Return the picture of how relations refer to each other.

    Args:
        manifest: The dbt manifest; its relationships tests are the lines of the picture.

    Returns:
        Markdown with one mermaid diagram.
    """
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
    """Find which relations refer to which.

    Args:
        manifest: The dbt manifest.

    Yields:
        One relationship per relationships test.
    """
    relations = {**manifest["nodes"], **manifest["sources"]}
    tests = [node for node in manifest["nodes"].values() if node.get("test_metadata")]
    unique = {
        (_tested(test, relations), test["column_name"])
        for test in tests
        if test["test_metadata"]["name"] == "unique"
    }
    for test in tests:
        if test["test_metadata"]["name"] == "relationships":
            child = _tested(test, relations)
            (parent,) = set(test["depends_on"]["nodes"]) - {child}
            yield Relationship(
                parent=_qualified_name(relations[parent]),
                child=_qualified_name(relations[child]),
                column=test["column_name"],
                is_unique=(child, test["column_name"]) in unique,
            )


def _tested(test: Node, relations: Mapping[str, Node]) -> str:
    """Return the id of what a test looks at; a test of a source names it in its arguments only."""
    model = test["test_metadata"]["kwargs"]["model"]
    candidates: list[str] = test["depends_on"]["nodes"]
    return next(node for node in candidates if f"'{relations[node]['name']}'" in model)


def _relations(manifest: Manifest) -> Iterable[Node]:
    for node in manifest["nodes"].values():
        is_relation = node["resource_type"] in {"model", "seed"}
        if is_relation and node["config"]["materialized"] != "ephemeral":
            yield node


def _section(node: Node) -> str:
    rows = [
        f"| `{column['name']}` | {column['data_type'] or ''} | {_cell(column['description'])} |"
        for column in node["columns"].values()
    ]
    table = "\n".join(["| Column | Type | Meaning |", "|---|---|---|", *rows])
    return f"### {_qualified_name(node)}\n\n{node['description'].strip()}\n\n{table}\n"


def _cell(description: str) -> str:
    return re.sub(r"\s+", " ", description).strip().replace("|", "\\|")


def _qualified_name(node: Node) -> str:
    return f"{node['schema']}.{node.get('identifier') or node['name']}"


def _entity(name: str) -> str:
    return name.replace(".", "__")


def documents(manifest: Manifest) -> dict[Path, str]:
    """Return the text of each document by its path."""
    return {
        DICTIONARY: data_dictionary(manifest),
        RELATIONSHIPS: entity_relationships(manifest),
    }


def main() -> None:
    """Write the documents from the present dbt project."""
    manifest = json.loads(manifest_path().read_text(encoding="utf-8"))
    for path, text in documents(manifest).items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
