"""Which two databases a command works on: the ones named by variables, or the demo's."""

from collections.abc import Iterator
from contextlib import contextmanager

from dagster_project.embedded_postgres.server import create_database, embedded_server, has_server
from dagster_project.settings import Settings
from dagster_project.stage import Databases

RUNNER = "runner"
WAREHOUSE = "warehouse"


@contextmanager
def databases(settings: Settings, *, start_demo: bool = False) -> Iterator[Databases]:
    """Give the two databases; the demo's server runs for as long as the block does, and longer.

    Args:
        settings: Either both variables are set, or neither is and the demo's server is used.
        start_demo: Whether an embedded server may be created when no variable is set.

    Raises:
        MissingSettingError: A variable is missing and there is no demo to work on.
    """
    settings.private_home()
    if settings.runner_url is not None or settings.warehouse_url is not None:
        yield Databases(settings.require("runner_url"), settings.require("warehouse_url"))
        return
    if not (start_demo or has_server(settings.home)):
        settings.require("warehouse_url")
    with embedded_server(settings.home, settings.pg_bindir, keep_running=True) as server:
        for name in (RUNNER, WAREHOUSE):
            create_database(server, name)
        yield Databases(server.url(RUNNER), server.url(WAREHOUSE), embedded=True)
