"""Where the project's own files lie, and how a file is replaced; knows no settings."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

PACKAGE_DIR = Path(__file__).resolve().parent
_IN_WHEEL = PACKAGE_DIR / "files"
IS_INSTALLED = _IN_WHEEL.is_dir()
"""Whether this is a wheel; otherwise it is a checkout of the repository."""


def project_dir() -> Path:
    """Return the folder that holds sql/ and dbt/; nothing is written there.

    A checkout has them at its root, where people look for them; a wheel below the package, because
    what it puts elsewhere is shared with other packages.
    """
    return _IN_WHEEL if IS_INSTALLED else PACKAGE_DIR.parent


PROJECT_DIR = project_dir()
SQL_DIR = PROJECT_DIR / "sql"
DBT_DIR = PROJECT_DIR / "dbt"


def default_home() -> Path:
    """Return the folder for local state where BEACON_HOME is not set.

    A checkout keeps its state to itself, so that two of them share nothing. An installation is used
    from any folder, and site-packages may not be written: its state belongs to the user.
    """
    if IS_INSTALLED:
        return platformdirs.user_data_path("beacon", appauthor=False)
    return PROJECT_DIR / ".beacon"


def shown(path: Path) -> str:
    """Return how a message names a file of the project: from the root of a checkout, else whole."""
    return str(path if IS_INSTALLED else path.relative_to(PROJECT_DIR))


READER_ROLE_FILE = shown(SQL_DIR / "roles" / "source_reader.sql")
PUBLISHER_ROLE_FILE = shown(SQL_DIR / "roles" / "source_publisher.sql")


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Give a file to write that takes the place of another one at the end, if nothing failed."""
    # Of this process alone: two at once would write into each other's.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
