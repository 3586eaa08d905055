"""What the site has beside the files of ``docs/``: decisions in its navigation, generated pages."""

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from dagster_project.settings import Settings
from dagster_project.unify.dbt_run import load_manifest

sys.path.insert(0, str(Path(__file__).parents[1]))
from scripts.data_dictionary import documents
from scripts.queries import queries
from scripts.references import commands, settings


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Append the decisions by number, so that none is forgotten."""
    folder = Path(config.docs_dir)
    pages = sorted(str(path.relative_to(folder)) for path in folder.glob("decisions/*.md"))
    config.nav = [*(config.nav or []), {"Decisions": pages}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is made from the present dbt project, queries, settings and commands."""
    pages = {
        **documents(load_manifest(Settings().home)),
        "queries.md": queries(),
        "settings.md": settings(),
        "commands.md": commands(),
    }
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_post_build(config: MkDocsConfig) -> None:
    """Remove the page for addresses that do not exist: its links need a root, which is unknown."""
    Path(config.site_dir, "404.html").unlink()
