"""Files beside the repository (``../shared``) that tests compare with; never copied into it.

Tests that need them skip where the folder is absent, and the header of the run says so. Tests of
full disks skip where nobody may mount one. No other test may skip (conftest.py).
"""

from pathlib import Path

import pytest

from dagster_project.paths import PROJECT_DIR

SHARED_DIR = PROJECT_DIR.parent / "shared"
CANNOT_MOUNT = "this user may not mount a small disk"
"""Why a test of full disks skips; in continuous integration it fails."""
IS_ABSENT = not SHARED_DIR.is_dir()


def shared_path(relative_path: str) -> Path:
    """Return a file of ``../shared``; skips the test where that folder is absent.

    Raises:
        FileNotFoundError: The folder is there, but not the file.
    """
    if IS_ABSENT:
        pytest.skip(f"{SHARED_DIR} is not on this machine")
    path = SHARED_DIR / relative_path
    if not path.exists():
        raise FileNotFoundError(path)
    return path
