"""A folder that is replaced as a whole, or not at all. Knows nothing about what is in it."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class ForeignFolderError(RuntimeError):
    """The folder holds something else, which must not be replaced."""


@contextmanager
def replaced_folder(folder: Path, marker: str) -> Iterator[Path]:
    """Give an empty folder that takes the place of another one at the end.

    Beside the folder lie a lock and, while one is written, the new folder. Until the block ends
    well, the old folder stays as it is; a killed process leaves at most a part that the next one
    removes. Several processes take turns.

    Args:
        folder: The folder to replace; it need not exist.
        marker: Name of a file that tells a folder of ours.

    Yields:
        The new folder, empty, on the same file system.

    Raises:
        ForeignFolderError: The folder holds files, but not the marker.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    new, old, lock = (folder.with_name(f".{folder.name}.{end}") for end in ("new", "old", "lock"))
    with lock.open("wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if old.exists() and not folder.exists():
            old.rename(folder)  # a process was killed between the two renames below
        _require_ours(folder, marker)
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
        new.mkdir()
        yield new
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


def _require_ours(folder: Path, marker: str) -> None:
    is_ours = not folder.exists() or (folder / marker).exists()
    if not is_ours and (not folder.is_dir() or any(folder.iterdir())):
        message = (
            f"{folder} holds other files and is not replaced. Name a folder that is empty, new or "
            f"a snapshot: --output FOLDER"
        )
        raise ForeignFolderError(message)
