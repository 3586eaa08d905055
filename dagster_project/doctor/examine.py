"""All checks in order: this machine, then the two databases that a command would work on."""

from collections.abc import Iterator
from functools import partial

from dagster_project.backfill.stages import Databases
from dagster_project.doctor.finding import Finding, Level, fail
from dagster_project.doctor.machine import machine_findings
from dagster_project.doctor.server import database_findings
from dagster_project.doctor.source import column_findings, runner_findings
from dagster_project.doctor.warehouse import is_set_up, warehouse_findings
from dagster_project.environment import databases
from dagster_project.postgres import connect
from dagster_project.runner_db.postgres_binaries import PostgresBinariesError
from dagster_project.runner_db.postgres_cluster import EmbeddedServerError
from dagster_project.runner_db.postgres_user import PrivilegeError
from dagster_project.settings import MissingSettingError, Settings


def examine(settings: Settings, ui_port: int) -> Iterator[Finding]:
    """Look at everything that keeps a command from working.

    Args:
        settings: Which databases and folders.
        ui_port: Port that ``beacon ui`` takes unless told otherwise.

    Yields:
        The findings; one that fails does not hide the others.
    """
    yield from machine_findings(settings.home, ui_port)
    try:
        with databases() as urls:
            yield from _databases(urls)
    except MissingSettingError as error:
        found, _, remedy = str(error).partition(". ")
        yield fail("settings", found, remedy)
    except (EmbeddedServerError, PostgresBinariesError, PrivilegeError, OSError) as error:
        yield fail("demo server", str(error), "Mend that, or set both BEACON_*_URL variables.")


def _databases(urls: Databases) -> Iterator[Finding]:
    found = [
        *database_findings(
            "runner",
            "BEACON_RUNNER_URL",
            urls.runner,
            partial(runner_findings, embedded=urls.embedded),
        ),
        *database_findings("warehouse", "BEACON_WAREHOUSE_URL", urls.warehouse, warehouse_findings),
    ]
    yield from found
    if not any(one.level is Level.FAIL and one.check.endswith("server") for one in found):
        yield from _columns(urls)


def _columns(urls: Databases) -> Iterator[Finding]:
    with (
        connect(urls.runner, application="doctor", read_only=True) as runner,
        connect(urls.warehouse, application="doctor", read_only=True) as warehouse,
    ):
        if is_set_up(warehouse):
            yield from column_findings(runner, warehouse)
