"""The README inside a snapshot: what it is and how to read it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from dagster_project.deliver.snapshot.catalog import Relation

_TEMPLATE = Path(__file__).with_name("readme_template.md")


def readme(relations: Sequence[Relation], rows: Mapping[str, int], origin: str) -> str:
    """Return the README.

    Args:
        relations: What the snapshot holds.
        rows: Rows by name of relation.
        origin: Where the data comes from, as a sentence.

    Returns:
        Markdown; the same for the same data.
    """
    contents = "\n\n".join(
        f"## {relation.name}\n\n{rows[relation.name]:,} rows. {relation.description}"
        for relation in relations
    )
    text = Template(_TEMPLATE.read_text(encoding="utf-8"))
    return text.substitute(origin=origin, contents=contents)
