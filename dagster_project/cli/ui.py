"""The command ``beacon ui``: Dagster's own webserver and daemon, which end together."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project import console
from dagster_project.cli.shared import FAILED, HOST, UI_PORT, fail, warehouse_databases

if TYPE_CHECKING:
    from dagster_project.settings import Settings
    from dagster_project.stage import Databases

# Dagster's sockets lie in the temporary folder, where others may look.
PRIVATE_UMASK = 0o077
PATIENCE_S = 20.0
"""Until a process is asked again to stop: the daemon may finish what a sensor has begun."""
_WEBSERVER = (sys.executable, "-m", "dagster_project.orchestrate.webserver")
_DAEMON = (str(Path(sys.executable).with_name("dagster-daemon")), "run")
_DEFINITIONS = ("--module-name", "dagster_project.definitions")


def ui(
    host: Annotated[str, typer.Option(help="IPv4 address or name to listen on.")] = HOST,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = UI_PORT,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(help="Name under which a reverse proxy serves it. May be repeated."),
    ] = None,
) -> None:
    """Serve the Dagster UI with schedules and sensors until Ctrl-C; it asks for no log-in."""
    from dagster_project.doctor.machine import port_finding
    from dagster_project.settings import Settings

    settings = Settings()
    listening = port_finding(host, port)
    if listening.remedy:
        fail(f"{listening.found}. {listening.remedy}", FAILED)
    if host != HOST:
        console.err.print(
            f"Whoever reaches {host}:{port} may launch, cancel and delete runs.", highlight=False
        )
    hosts = [f"--allowed-host={name}" for name in (host, *(allowed_host or ()))]
    with warehouse_databases(settings) as urls:
        webserver = (*_WEBSERVER, *_DEFINITIONS, f"--host={host}", f"--port={port}", *hosts)
        dead = _serve(settings, urls, webserver)
    if dead is not None:
        fail(f"Dagster's {dead} ended, and so all was stopped. Again: beacon ui", FAILED)


def _first_day(settings: "Settings", databases: "Databases") -> dict[str, str]:
    """Return the variable of the first day that Dagster lists: the first one of the demo's data."""
    from dagster_project.backfill.fingerprints import source_days
    from dagster_project.runner_db.load import present_days_later

    if settings.first_day or not databases.embedded or present_days_later(databases.runner) is None:
        return {}
    first = min(day.job_day for day in source_days(databases.runner))
    return {"BEACON_FIRST_DAY": first.isoformat()}


def _serve(settings: "Settings", databases: "Databases", webserver: tuple[str, ...]) -> str | None:
    """Run the webserver and the daemon until one of them ends or this process is asked to stop.

    Returns:
        Which of them ended by itself; None when both were asked to.
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
        **_first_day(settings, databases),
    }
    asked: list[int] = []
    # Only noted while the two are started: an exception would leave behind what was just begun. A
    # shell's background job ignores SIGINT, and so would its children.
    _hear(lambda number, _: asked.append(number))
    with ExitStack() as running:
        processes = {}
        for name, command in (("webserver", webserver), ("daemon", (*_DAEMON, *_DEFINITIONS))):
            processes[name] = running.enter_context(
                subprocess.Popen(command, env=environment, umask=PRIVATE_UMASK)
            )
            # The terminal's Ctrl-C reaches it, too; a second signal does no harm.
            running.callback(end, processes[name])
        dead = None
        with suppress(KeyboardInterrupt):
            _hear(signal.default_int_handler)
            if not asked:
                # Leaves the one that ended to its own poll().
                os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
                dead = next(name for name, one in processes.items() if one.poll() is not None)
        # Both have their time to end, however often one presses Ctrl-C.
        _hear(signal.SIG_IGN)
    return dead


def end(process: "subprocess.Popen[bytes]", again_after_s: float = PATIENCE_S) -> None:
    """Ask a process to stop until it has.

    Dagster's daemon hears a signal by an exception, and Python drops one that is raised within the
    finalizer of an object: then the process goes on as if nobody had asked.
    """
    while process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(again_after_s)


def _hear(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    # A terminal's Ctrl-C, and the request of a service manager, which signals this process alone.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)
