"""Which two databases a command works on: the ones named by variables, or the demo's.

Belongs here: choosing and starting. Does not belong here: what is in the databases.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dagster_project.backfill.stages import Databases
from dagster_project.runner_db.embedded import create_database, embedded_server, has_server
from dagster_project.settings import Settings

RUNNER = "runner"
WAREHOUSE = "warehouse"


@contextmanager
def databases(*, start_demo: bool = False) -> Iterator[Databases]:
    """Give the two databases, and their URLs to child processes by environment.

    Args:
        start_demo: Whether an embedded server may be created when no variable is set.

    Yields:
        The URLs. Either both variables are set, or neither is and the demo's server is used.

    Raises:
        MissingSettingError: A variable is missing and there is no demo to work on.
    """
    settings = Settings()
    if settings.runner_url is not None or settings.warehouse_url is not None:
        yield Databases(settings.require_runner_url(), settings.require_warehouse_url())
        return
    if not (start_demo or has_server(settings.home)):
        settings.require_warehouse_url()
    with embedded_server(settings.home, settings.pg_bindir, keep_running=True) as server:
        for name in (RUNNER, WAREHOUSE):
            create_database(server, name)
        chosen = Databases(server.url(RUNNER), server.url(WAREHOUSE), embedded=True)
        os.environ["BEACON_RUNNER_URL"] = chosen.runner
        os.environ["BEACON_WAREHOUSE_URL"] = chosen.warehouse
        yield chosen
