"""Disks that are small enough to be filled: tmpfs, where this machine lets us mount."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.shared import CANNOT_MOUNT

_BLOCK = bytes(64 * 1024)


@contextmanager
def small_disk(folder: Path, megabytes: int, owner: int) -> Iterator[Path]:
    """Mount an empty disk at a new folder, for a user; skip where nobody may mount.

    Raises:
        AssertionError: Continuous integration may not mount either.
    """
    folder.mkdir()
    as_root = () if os.geteuid() == 0 else ("sudo", "--non-interactive")
    options = f"size={megabytes}m,mode=0700,uid={owner}"
    mount = (*as_root, "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        reason = f"{CANNOT_MOUNT}: {mounted.stderr.strip()}"
        assert "CI" not in os.environ, reason
        pytest.skip(reason)
    try:
        yield folder
    finally:
        subprocess.run((*as_root, "umount", "--lazy", str(folder)), check=True)


@contextmanager
def filled(folder: Path, *, kilobytes_left: int = 0) -> Iterator[None]:
    """Take all room of a disk but some; it is given back at the end."""
    with giving_back(folder / "filler") as filler:
        try:
            with filler.open("wb", buffering=0) as file:
                while file.write(_BLOCK):
                    pass
        except OSError:
            os.truncate(filler, filler.stat().st_size - kilobytes_left * 1024)
        yield


@contextmanager
def giving_back(file: Path) -> Iterator[Path]:
    """Delete a file at the end that somebody fills the disk with."""
    try:
        yield file
    finally:
        file.unlink()
