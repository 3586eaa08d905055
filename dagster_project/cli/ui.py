"""The command ``beacon ui``: Dagster's own webserver and daemon on this machine only."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import HOST, UI_PORT, warehouse_databases
from dagster_project.paths import PROJECT_DIR

if TYPE_CHECKING:
    from dagster_project.settings import Settings
    from dagster_project.stage import Databases


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = UI_PORT,
) -> None:
    """Serve the Dagster UI with schedules and sensors on 127.0.0.1 until Ctrl-C."""
    from dagster_project.settings import Settings

    settings = Settings()
    with warehouse_databases(settings) as urls:
        raise typer.Exit(_serve(settings, urls, port))


def _serve(settings: "Settings", databases: "Databases", port: int) -> int:
    """Run ``dagster dev`` until it ends, is interrupted or is asked to stop; return its code."""
    from dagster_project.orchestrate.instance import dagster_instance

    with dagster_instance(settings):
        # Created before the webserver and the daemon open it at once.
        pass
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(settings.instance_folder),
        "BEACON_RUNNER_URL": databases.runner,
        "BEACON_WAREHOUSE_URL": databases.warehouse,
    }
    dagster = Path(sys.executable).with_name("dagster")
    arguments = ["dev", "--module-name", "dagster_project.definitions"]
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
