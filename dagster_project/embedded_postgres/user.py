"""Under which user Postgres' programs run: they refuse to run as root.

Belongs here: giving up root for a child process. Does not belong here: what the child does.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

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
