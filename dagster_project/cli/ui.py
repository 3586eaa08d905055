"""The command ``beacon ui``: Dagster's own webserver and daemon on this machine only."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import FAILED, HOST, UI_PORT, fail, warehouse_databases

if TYPE_CHECKING:
    from dagster_project.settings import Settings
    from dagster_project.stage import Databases

# Dagster's sockets lie in the temporary folder, where others may look.
PRIVATE_UMASK = 0o077
_WEBSERVER = (sys.executable, "-m", "dagster_project.orchestrate.webserver")
_DAEMON = (str(Path(sys.executable).with_name("dagster-daemon")), "run")
_DEFINITIONS = ("--module-name", "dagster_project.definitions")


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = UI_PORT,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(help="Name under which a reverse proxy serves it. May be repeated."),
    ] = None,
) -> None:
    """Serve the Dagster UI with schedules and sensors on 127.0.0.1 until Ctrl-C."""
    from dagster_project.doctor.machine import port_finding
    from dagster_project.settings import Settings

    settings = Settings()
    listening = port_finding(HOST, port)
    if listening.remedy:
        fail(f"{listening.found}. {listening.remedy}", FAILED)
    hosts = [f"--allowed-host={name}" for name in allowed_host or ()]
    with warehouse_databases(settings) as urls:
        webserver = (*_WEBSERVER, *_DEFINITIONS, f"--host={HOST}", f"--port={port}", *hosts)
        raise typer.Exit(_serve(settings, urls, webserver))


def _serve(settings: "Settings", databases: "Databases", webserver: tuple[str, ...]) -> int:
    """Run the webserver and the daemon until one of them ends or this process is asked to stop.

    Returns:
        The exit code of the one that ended first; 0 when both were asked to.
    """
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
    # A shell's background job ignores SIGINT, and so would its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # A service manager signals this process alone.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as running:
        processes = []
        for command in (webserver, (*_DAEMON, *_DEFINITIONS)):
            processes.append(
                running.enter_context(
                    subprocess.Popen(command, env=environment, umask=PRIVATE_UMASK)
                )
            )
            # The terminal's Ctrl-C reaches it, too; a second signal does no harm.
            running.callback(processes[-1].terminate)
        with suppress(KeyboardInterrupt):
            # Leaves the one that ended to its own poll().
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        # Both have their time to end, however often one presses Ctrl-C.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ended = [code for process in processes if (code := process.poll()) is not None]
    return next(iter(ended), 0)
