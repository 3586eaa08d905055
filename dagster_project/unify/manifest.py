"""The dbt manifest: where it is and when it must be made again. Opens no connection."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from dagster_project.unify.dbt_run import write_manifest
from dagster_project.warehouse import dbt_files


@cache
def load_manifest(home: Path) -> dict[str, Any]:
    """Return the manifest of the present dbt project, with compiled statements.

    Args:
        home: Local state; the project is compiled into it when its files are newer.

    Returns:
        dbt's document; read it, do not change it.
    """
    path = home / "dbt" / "manifest.json"
    if not path.exists() or any(
        file.stat().st_mtime > path.stat().st_mtime for file in dbt_files()
    ):
        write_manifest(path)
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
