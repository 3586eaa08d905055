"""Adds every decision to the navigation of the documentation site, so that none is forgotten."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Append the decisions by number.

    Args:
        config: As ``mkdocs.yml`` says it.

    Returns:
        The same with one more section.
    """
    folder = Path(config.docs_dir)
    pages = sorted(str(path.relative_to(folder)) for path in folder.glob("decisions/*.md"))
    config.nav = [*(config.nav or []), {"Decisions": pages}]
    return config
