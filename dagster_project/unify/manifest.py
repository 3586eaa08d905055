"""The dbt manifest: where it is and when it must be made again. Opens no connection."""

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from dagster_project.paths import DBT_DIR, SQL_DIR
from dagster_project.unify.dbt_run import MANIFEST, write_manifest

_DBT_FOLDERS = ("models", "seeds", "macros", "tests")


def manifest_path() -> Path:
    """Return the manifest's path, compiling the project first when its files are newer.

    Returns:
        Path of a manifest with compiled statements.
    """
    if not MANIFEST.exists():
        return write_manifest()
    made_at = MANIFEST.stat().st_mtime
    if any(path.stat().st_mtime > made_at for path in _dbt_files()):
        return write_manifest()
    return MANIFEST


@cache
def load_manifest() -> dict[str, Any]:
    """Return the manifest of the present dbt project, with compiled statements.

    Returns:
        dbt's document; read it, do not change it.
    """
    loaded: dict[str, Any] = json.loads(manifest_path().read_text(encoding="utf-8"))
    return loaded


def rules_version() -> str:
    """Return a version of every rule in ``dbt/`` and ``sql/functions``.

    Returns:
        Twelve hex digits; a changed rule changes them, and so makes every day stale.
    """
    digest = hashlib.sha256()
    for path in sorted([*_rule_files(), *SQL_DIR.glob("functions/*.sql")]):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _rule_files() -> Iterator[Path]:
    for path in _dbt_files():
        if path.suffix in {".sql", ".csv"}:
            yield path


def _dbt_files() -> Iterator[Path]:
    yield from DBT_DIR.glob("*.yml")
    for folder in _DBT_FOLDERS:
        yield from (path for path in (DBT_DIR / folder).rglob("*") if path.is_file())
