"""All checks in order: this machine, then the two databases that a command would work on."""

from collections.abc import Iterator
from functools import partial

from dagster_project.doctor.databases import (
    column_findings,
    database_findings,
    runner_findings,
    target_findings,
)
from dagster_project.doctor.finding import Finding, Level, fail, warn
from dagster_project.doctor.machine import machine_findings
from dagster_project.doctor.room import room_findings
from dagster_project.doctor.warehouse import dbt_finding, is_set_up, warehouse_findings
from dagster_project.embedded_postgres.cluster import EmbeddedServerError
from dagster_project.embedded_postgres.programs import PostgresBinariesError, PrivilegeError
from dagster_project.embedded_postgres.server import databases
from dagster_project.postgres import (
    connect,
    connect_source,
    same_database,
    source_transaction,
)
from dagster_project.settings import MissingSettingError, Settings
from dagster_project.stage import Databases


def examine(
    settings: Settings, ui_address: tuple[str, int], *, send_alert: bool = False
) -> Iterator[Finding]:
    """Look at everything that keeps a command from working; changes nothing."""
    yield from machine_findings(settings, ui_address, send_alert=send_alert)
    if settings.publish_url is not None:
        url = settings.require("publish_url")
        yield from database_findings("publish", "BEACON_PUBLISH_URL", url, target_findings)
    try:
        with databases(settings) as urls:
            yield from _databases(urls, settings)
    except MissingSettingError as error:
        yield fail("settings", f"{error.variable} is not set", error.remedy)
    except (EmbeddedServerError, PostgresBinariesError, PrivilegeError, OSError) as error:
        yield fail("demo server", str(error), "Mend that, or set both BEACON_*_URL variables.")


def _databases(urls: Databases, settings: Settings) -> Iterator[Finding]:
    found = [
        *database_findings(
            "runner",
            "BEACON_RUNNER_URL",
            urls.runner,
            partial(runner_findings, embedded=urls.embedded),
        ),
        *database_findings(
            "warehouse",
            "BEACON_WAREHOUSE_URL",
            urls.warehouse,
            partial(warehouse_findings, home=settings.home),
        ),
    ]
    yield from found
    if not any(one.level is Level.FAIL and one.check == "warehouse server" for one in found):
        yield dbt_finding(urls.warehouse)
    if not any(one.level is Level.FAIL and one.check.endswith("server") for one in found):
        if same_database(urls.runner, urls.warehouse):
            remedy = "Give the warehouse one of its own; beacon setup asks for --same-database."
            yield warn("databases", "source and warehouse are one database", remedy)
        yield from _columns(urls)
        yield from room_findings(urls, settings)


def _columns(urls: Databases) -> Iterator[Finding]:
    with (
        connect_source(urls.runner, application="doctor") as runner,
        source_transaction(runner),
        connect(urls.warehouse, application="doctor", read_only=True) as warehouse,
    ):
        if is_set_up(warehouse):
            yield from column_findings(runner, warehouse)
