"""The README inside a snapshot: what it is and how to read it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from dagster_project.deliver.report.results import Provenance
from dagster_project.deliver.snapshot.catalog import Relation

_TEMPLATE = Path(__file__).with_name("readme_template.md")


def readme(relations: Sequence[Relation], rows: Mapping[str, int], provenance: Provenance) -> str:
    """Return the README.

    Args:
        relations: What the snapshot holds.
        rows: Rows by name of relation.
        provenance: Where the jobs come from.

    Returns:
        Markdown; the same for the same data.
    """
    contents = "\n\n".join(
        f"## {relation.name}\n\n{rows[relation.name]:,} rows. {relation.description}"
        for relation in relations
    )
    text = Template(_TEMPLATE.read_text(encoding="utf-8"))
    return text.substitute(origin=_origin(provenance), contents=contents)


def _origin(provenance: Provenance) -> str:
    if provenance.synthetic_jobs:
        return (
            f"**Synthetic:** {provenance.synthetic_jobs:,} jobs were made up by `beacon demo`. "
            "They say nothing about any model."
        )
    if provenance.file_jobs:
        note = provenance.file_note or "no note"
        return f"{provenance.file_jobs:,} jobs were loaded from files of answers ({note})."
    return "Made from the runner's jobs."
