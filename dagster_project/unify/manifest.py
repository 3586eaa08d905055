"""The dbt manifest: where it is and when it must be made again. Opens no connection."""

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from dagster_project.paths import DBT_DIR, SQL_DIR
from dagster_project.unify.dbt_run import write_manifest

_DBT_FOLDERS = ("models", "docs", "seeds", "macros", "tests")


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
        file.stat().st_mtime > path.stat().st_mtime for file in _dbt_files()
    ):
        write_manifest(path)
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
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
