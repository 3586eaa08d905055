"""Where outputs go, a folder or a prefix of an object store, and how they get there whole.

Belongs here: files and folders that replace others, on a disk and in a store. Does not belong here:
what is in them. docs/decisions/0072 says what a reader of a store may see.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias, TypeGuard, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

from upath import UPath

from dagster_project.paths import replaced_file
from dagster_project.postgres import advisory_lock
from dagster_project.settings import Settings
from dagster_project.stage import MachineError, machine_fault

Place: TypeAlias = Path
"""A file or folder that may be in a store: there it is a UPath, which acts like a Path."""

_NO_EXTRA = "Install what reads it: pip install 'beacon-analytics[s3]' for s3://"
_NOT_THERE = "Create the bucket, or name one that is there"
_LET_IN = (
    "Let these credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or a role) list, read, write "
    "and delete there"
)
_REMEDIES: tuple[tuple[type[Exception], str], ...] = (
    (ImportError, _NO_EXTRA),
    (FileNotFoundError, _NOT_THERE),
    (PermissionError, _LET_IN),
    (ValueError, "Name a folder, or s3://BUCKET/PREFIX"),
    (OSError, "See that the store answers and has room"),
)
_CLIENTS = {"aiobotocore", "aiohttp", "botocore"}
_CLIENT_REMEDY = f"See that AWS_ENDPOINT_URL, AWS_REGION and the network are right. {_LET_IN}"


class ForeignFolderError(RuntimeError):
    """The folder holds something else, which must not be replaced."""


def place_of(text: str) -> Place:
    """Return the file or folder that a path, a ``file:`` URL or a URL of a store names."""
    if "://" not in text:
        return Path(text).absolute()
    if text.startswith("file://"):
        return Path(url2pathname(urlsplit(text).path))
    with store_faults(text):
        # What another process has just written must be seen.
        return cast("Path", UPath(text, use_listings_cache=False))


def in_store(place: Place) -> TypeGuard[UPath]:
    """Tell whether a file or folder is in a store, and not on a disk."""
    return not isinstance(place, Path)


def output_root(settings: Settings) -> Place:
    """Return the folder below which outputs go that nobody named a place for.

    Raises:
        MachineError: It is in a store that cannot be used; nothing was done yet.
    """
    if settings.output_url is None:
        return settings.home.absolute()
    root = place_of(settings.output_url)
    if in_store(root):
        with store_faults(str(root)):
            try:
                root.fs.ls(root.path)
            except FileNotFoundError as error:
                # A prefix below which nothing lies is not there; of a bucket the store says so.
                if error.__cause__ is not None:
                    raise
    return root


def output_roots(settings: Settings) -> list[Place]:
    """Return where outputs may lie: below the URL, and where they went before it was set."""
    return list(dict.fromkeys([output_root(settings), settings.home.absolute()]))


@contextmanager
def store_faults(place: str) -> Iterator[None]:
    """Raise what a store says as what it is; errors about a disk go on as they are.

    Args:
        place: A path, or the URL that an error names.

    Raises:
        MachineError: The store cannot be used; says why, and what to do.
    """
    try:
        yield
    except MachineError:
        raise
    # A client has classes of its own, and is not there where nobody needs it.
    except Exception as error:
        remedy = _remedy(error) if "://" in place else None
        if remedy is None:
            raise
        message = f"{place} cannot be used: {' '.join(str(error).split())}\n{remedy}."
        raise MachineError(message) from error


def _remedy(error: Exception) -> str | None:
    if type(error).__module__.partition(".")[0] in _CLIENTS:
        return _CLIENT_REMEDY
    return next((remedy for kind, remedy in _REMEDIES if isinstance(error, kind)), None)


@contextmanager
def written_file(place: Place) -> Iterator[Path]:
    """Give a file to write that takes the place of another one at the end, if nothing failed."""
    if not in_store(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        with replaced_file(place) as unfinished:
            yield unfinished
        return
    with tempfile.TemporaryDirectory() as folder:
        # Its own name tells the store of what type it is.
        unfinished = Path(folder, place.name)
        yield unfinished
        with store_faults(str(place)):
            place.fs.put_file(str(unfinished), place.path)


@contextmanager
def written_folder(url: str, folder: Place, marker: str) -> Iterator[Path]:
    """Give an empty folder that takes the place of another one at the end.

    Args:
        url: libpq URL of the warehouse, whose lock lets the writers of a store take turns.
        folder: The folder to replace; it need not exist.
        marker: Name of a file of the new folder that tells a folder of ours. In a store it stands
            exactly while the folder is whole.

    Raises:
        ForeignFolderError: The folder holds files, but not the marker.
    """
    if not in_store(folder):
        with replaced_folder(folder, marker) as new:
            yield new
        return
    with advisory_lock(url, str(folder), shared=False), tempfile.TemporaryDirectory() as made:
        with store_faults(str(folder)):
            _require_ours(cast("Path", folder), marker)
        new = Path(made)
        yield new
        with store_faults(str(folder)):
            _put_folder(new, folder, marker)


def _put_folder(new: Path, folder: UPath, marker: str) -> None:
    files = {path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file()}
    below = {name for name in files if "/" in name}
    unfinished = folder / _unfinished(marker)
    unfinished.write_bytes(b"")
    (folder / marker).unlink(missing_ok=True)
    # What stands at the top leads to what lies below. Within a part there is no order.
    for part in filter(None, (below, files - below - {marker}, {marker})):
        names = sorted(part)
        folder.fs.put([str(new / one) for one in names], [(folder / one).path for one in names])
    kept = {(folder / name).path for name in files} | {unfinished.path}
    stale = [path for path in folder.fs.find(folder.path) if path not in kept]
    if stale:
        folder.fs.rm(stale)
    unfinished.unlink()


def _unfinished(marker: str) -> str:
    """Return the name of the file that tells a folder of a store that is ours, but not whole."""
    return f".{marker}.unfinished"


def remove_folder(folder: Place) -> None:
    """Remove a folder and all that is in it."""
    if in_store(folder):
        folder.fs.rm(folder.path, recursive=True)
    else:
        shutil.rmtree(folder)


def remove_empty(folder: Place) -> None:
    """Remove a folder of a disk in which nothing lies; a store has no such folders."""
    if not in_store(folder):
        with suppress(OSError):
            folder.rmdir()


def names_in(folder: Place) -> set[str]:
    """Return the names of what lies right in a folder; none where it is not there."""
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


@contextmanager
def replaced_folder(folder: Path, marker: str) -> Iterator[Path]:
    """Give an empty folder that takes the place of another one at the end.

    Beside the folder lie a lock and, while one is written, the new folder. Until the block ends
    well, the old folder stays as it is. A block that fails leaves no part; a killed process leaves
    one that the next one removes. Several processes take turns.

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
        try:
            yield new
        except BaseException as error:
            if machine_fault(error) is not None:
                error.add_note(_room(folder, new))
            shutil.rmtree(new, ignore_errors=True)
            raise
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


def _room(folder: Path, new: Path) -> str:
    """Say how much room a folder needs that could not be written."""
    before, written = folder_size(folder), folder_size(new)
    free = shutil.disk_usage(folder.parent).free + written
    return (
        f"({folder} needs more than {max(before, written) / 1e6:,.1f} MB beside the old one; "
        f"{free / 1e6:,.1f} MB are free)"
    )


def folder_size(folder: Place) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _require_ours(folder: Place, marker: str) -> None:
    signs = (folder / marker, folder / _unfinished(marker))
    is_ours = not folder.exists() or any(sign.exists() for sign in signs)
    if not is_ours and (not folder.is_dir() or any(folder.iterdir())):
        message = (
            f"{folder} holds other files and is not replaced. Name a folder that is empty, new or "
            f"a snapshot: --output FOLDER"
        )
        raise ForeignFolderError(message)
