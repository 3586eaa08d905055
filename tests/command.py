"""``beacon`` as a process of its own, without the variables of the one that runs the tests."""

import os
import subprocess
import sys
from pathlib import Path

HOSTILE = {
    "DBT_FULL_REFRESH": "true",
    "DBT_EMPTY": "true",
    "DBT_TARGET": "nowhere",
    "DBT_WARN_ERROR": "true",
    "PGOPTIONS": "-c statement_timeout=1",
    "PGCLIENTENCODING": "LATIN1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONPATH": "/nowhere",
}
"""Variables of somebody's shell that would change what dbt, libpq and Python do."""


def beacon(*arguments: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command; its databases are those that the variables name."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("BEACON_") and name not in ("DAGSTER_HOME", "COLUMNS", "NO_COLOR")
    }
    return subprocess.run(
        [str(Path(sys.executable).with_name("beacon")), *arguments],
        env={**inherited, "BEACON_HOME": str(home), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
