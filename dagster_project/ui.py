"""``beacon ui``: Dagster's own webserver and daemon on this machine only."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from dagster_project.backfill.stages import Databases
from dagster_project.instance import dagster_instance
from dagster_project.paths import PROJECT_DIR
from dagster_project.settings import Settings

HOST = "127.0.0.1"


def serve(databases: Databases, port: int) -> int:
    """Run ``dagster dev`` until it ends, is interrupted or is asked to stop by SIGTERM.

    Args:
        databases: Handed to the runs through the environment.
        port: TCP port on 127.0.0.1.

    Returns:
        The exit code.
    """
    with dagster_instance(Settings().home):
        # Created before the webserver and the daemon open it at once.
        pass
    environment = {
        **os.environ,
        "BEACON_RUNNER_URL": databases.runner,
        "BEACON_WAREHOUSE_URL": databases.warehouse,
    }
    dagster = Path(sys.executable).with_name("dagster")
    arguments = ["dev", "--workspace", str(PROJECT_DIR / "workspace.yaml")]
    # A shell's background job ignores SIGINT; with that, `dagster dev` would ignore SIGTERM, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The child gets the terminal's Ctrl-C itself; this process waits for it to end.
    with subprocess.Popen(
        [str(dagster), *arguments, "--host", HOST, "--port", str(port)],
        env=environment,
        cwd=PROJECT_DIR,
    ) as process:
        # A service manager signals this process alone.
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
