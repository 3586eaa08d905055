"""What the pipeline needs of this machine: folders, a port for the UI, packages, run limits."""

import errno
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml
from packaging.requirements import Requirement

from dagster_project.deliver.alerts.alerts import AlertError, targets, try_out
from dagster_project.deliver.snapshot.take import default_folder
from dagster_project.doctor.finding import Finding, fail, ok, some, warn
from dagster_project.outputs import folder_size, in_store, output_root, store_faults
from dagster_project.paths import IS_INSTALLED
from dagster_project.settings import Settings
from dagster_project.stage import MachineError

DISTRIBUTION = "beacon-analytics"
MB = 1_000_000
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})

LOW_SPACE_BYTES = 2_000 * MB
ARTEFACTS_BYTES = 50 * MB
"""What one command of dbt writes, several times over: two runs work at once."""
HISTORY_BYTES = 50 * MB
"""What a new Dagster instance takes, and the logs of a run."""
SERVER_BYTES = 500 * MB
"""An empty demo server with the logs of its first load."""


def machine_findings(
    settings: Settings, ui_address: tuple[str, int], *, send_alert: bool
) -> Iterator[Finding]:
    """Look at this machine; folders need room for what the next command at least writes there."""
    home = settings.home
    is_demo = settings.warehouse_url is None
    own = SERVER_BYTES if is_demo else ARTEFACTS_BYTES
    if settings.output_url is None:
        own += folder_size(default_folder(home))
    yield folder_finding("BEACON_HOME", home, own)
    yield from output_findings(settings)
    yield folder_finding("DAGSTER_HOME", settings.instance_folder, HISTORY_BYTES)
    yield from instance_findings(settings.instance_folder)
    yield schedules_finding(settings)
    yield from alert_findings(settings, send=send_alert)
    yield folder_finding("TMPDIR", Path(tempfile.gettempdir()), ARTEFACTS_BYTES)
    yield port_finding(*ui_address)
    yield packages_finding()


def output_findings(settings: Settings) -> Iterator[Finding]:
    """Try to write where outputs go, when that is not BEACON_HOME, and leave nothing behind."""
    name = "BEACON_OUTPUT_URL"
    if settings.output_url is None:
        return
    try:
        root = output_root(settings)
        if not in_store(root):
            yield folder_finding(name, root, folder_size(default_folder(root)))
            return
        with store_faults(str(root)):
            tried = root / f".doctor.{uuid4()}"
            tried.write_bytes(b"")
            tried.unlink()
    except MachineError as error:
        found, _, remedy = str(error).partition("\n")
        yield fail(name, found, remedy)
        return
    yield ok(name, f"{root} can be read and written")


def folder_finding(name: str, folder: Path, need_bytes: int = 0) -> Finding:
    """Try to write in a folder, and leave nothing behind."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            free = shutil.disk_usage(existing).free
    except OSError as error:
        remedy = f"Make it writable for this user, or set {name} to a folder that is."
        return fail(name, f"{folder} cannot be written: {error.strerror}", remedy)
    if free < need_bytes:
        found = f"{folder}: {free / MB:,.0f} MB free, {need_bytes / MB:,.0f} MB needed"
        return fail(name, found, f"Free space there, or set {name} to a folder with more.")
    if free < LOW_SPACE_BYTES:
        return warn(name, f"{folder}: {free / MB:,.0f} MB free", "Free some disk space.")
    return ok(name, f"{folder} is writable")


def port_finding(host: str, port: int) -> Finding:
    """Try to listen on a TCP port of this machine."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
                remedy = "Name this machine's own IPv4 address: beacon ui --host 127.0.0.1"
                return warn("UI port", f"{host} is no address of this machine", remedy)
            remedy = f"End what listens there, or take another port: beacon ui --port {port + 1}"
            return warn("UI port", f"{host}:{port} is taken: {error.strerror}", remedy)
    return ok("UI port", f"{host}:{port} is free")


def schedules_finding(settings: Settings) -> Finding:
    """Say whether work is begun by itself, wherever a daemon runs; off is no fault."""
    if settings.schedules:
        return ok("schedules", "BEACON_SCHEDULES=on: they tick, but what was stopped in Dagster")
    return ok("schedules", "off, but what was started in Dagster; BEACON_SCHEDULES=on starts all")


def alert_findings(settings: Settings, *, send: bool) -> Iterator[Finding]:
    """Look whether the URLs of alerts can be read; where asked for, send each a test message."""
    try:
        told = targets(settings)
    except AlertError as error:
        yield fail("alerts", str(error), "Correct BEACON_ALERT_URLS: one URL per word.")
        return
    if not told:
        yield ok("alerts", "off; BEACON_ALERT_URLS names who is told of days that fail")
    for target in told:
        if not send:
            yield ok("alerts", f"{target.name} can be read; a test message: beacon doctor --alert")
        elif try_out(target):
            yield ok("alerts", f"{target.name} took a test message")
        else:
            remedy = "Try this URL with apprise's own command: apprise -vv --body test URL"
            yield fail("alerts", f"{target.name} did not take a test message", remedy)


def packages_finding() -> Finding:
    """Compare the installed packages with what this one requires."""
    wanted = [Requirement(line) for line in requires(DISTRIBUTION) or ()]
    wrong = [
        f"{requirement.name} {found or 'is missing'}, not {requirement.specifier}"
        for requirement in wanted
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        for found in [_installed(requirement.name)]
        if found is None or not requirement.specifier.contains(found, prereleases=True)
    ]
    if wrong:
        remedy = "pip install --upgrade beacon-analytics" if IS_INSTALLED else "make setup"
        return fail("packages", some(wrong), f"Install the right versions again: {remedy}")
    return ok("packages", "all have the versions that are required")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def instance_findings(folder: Path) -> Iterator[Finding]:
    """Say which limits of runs the ``dagster.yaml`` of an instance lacks; none before it exists."""
    file = folder / "dagster.yaml"
    if not file.exists():
        if "DAGSTER_HOME" in os.environ:
            yield warn("Dagster limits", f"{file} does not exist", _COPY)
        return
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        yield fail("Dagster limits", f"{file} cannot be read: {error}", "Correct that file.")
        return
    lacking = list(_lacking_limits(settings))
    for found, remedy in lacking:
        yield warn("Dagster limits", f"{file}: {found}", remedy)
    if not lacking:
        yield ok("Dagster limits", f"{file} has all that the pipeline counts on")


_COPY = "Begin with the dagster.yaml of dagster_project/orchestrate."
_REASON_TAG = "beacon/reason"
_HISTORY_LIMIT = f"{{key: {_REASON_TAG}, value: history, limit: 1}}"


def _lacking_limits(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is missing, and the lines that mend it."""
    coordinator = settings.get("run_coordinator") or {}
    if coordinator and coordinator.get("class") != "QueuedRunCoordinator":
        yield (
            f"runs are not queued ({coordinator.get('class')}), so no limit holds",
            "run_coordinator: leave it out, or QueuedRunCoordinator",
        )
    # The same limits may stand in three places, of which the newest is first.
    runs = {
        **(coordinator.get("config") or {}),
        **(settings.get("run_queue") or {}),
        **((settings.get("concurrency") or {}).get("runs") or {}),
    }
    if "max_concurrent_runs" not in runs:
        yield (
            "no limit of runs at once (Dagster's own: 10)",
            "concurrency: {runs: {max_concurrent_runs: 2}}",
        )
    limited = [limit.get("key") for limit in runs.get("tag_concurrency_limits") or ()]
    if _REASON_TAG not in limited:
        yield (
            "no limit for history, so that the nightly run may wait for it",
            f"concurrency: {{runs: {{tag_concurrency_limits: [{_HISTORY_LIMIT}]}}}}",
        )
    if not (settings.get("run_monitoring") or {}).get("enabled"):
        yield (
            "no run monitoring, so that a killed run looks started for ever",
            "run_monitoring: {enabled: true}",
        )
    retries = settings.get("run_retries") or {}
    if retries.get("enabled") and retries.get("retry_on_asset_or_op_failure", True):
        yield (
            "runs are repeated when days fail, although they have been tried three times",
            "run_retries: {retry_on_asset_or_op_failure: false}",
        )
