"""Replacing a folder: whole or not at all, whoever is killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.outputs import ForeignFolderError, replaced_folder

MARKER = "marker"

KILLED = """
import os, signal, sys
from pathlib import Path
from dagster_project.outputs import replaced_folder
with replaced_folder(Path(sys.argv[1]), "marker") as new:
    (new / "half").write_text("")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def replace(folder: Path, content: str) -> None:
    with replaced_folder(folder, MARKER) as new:
        (new / MARKER).write_text(content)


def run_until_killed(folder: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)
    assert killed.returncode == -signal.SIGKILL


def beside(folder: Path) -> set[str]:
    return {path.name for path in folder.parent.iterdir()} - {f".{folder.name}.lock"}


def test_the_new_folder_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    for content in ("first", "second"):
        replace(folder, content)
        assert [path.name for path in folder.iterdir()] == [MARKER]
        assert (folder / MARKER).read_text() == content
    assert beside(folder) == {folder.name}


def test_a_killed_process_leaves_the_old_folder_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    replace(folder, "first")
    run_until_killed(folder)
    assert (folder / MARKER).read_text() == "first"
    replace(folder, "second")
    assert [path.name for path in folder.iterdir()] == [MARKER]
    assert beside(folder) == {folder.name}


def test_a_process_killed_between_the_renames_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    replace(folder, "first")
    folder.rename(folder.with_name(".folder.old"))
    run_until_killed(folder)
    assert (folder / MARKER).read_text() == "first"


def test_a_folder_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ForeignFolderError, match="--output"):
        replace(tmp_path, "first")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
