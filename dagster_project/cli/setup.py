"""The commands ``beacon setup`` and ``beacon stop``."""

from typing import Annotated

import typer

from dagster_project import console
from dagster_project.cli.shared import FAILED, fail, warehouse_databases


def setup(
    *,
    same: Annotated[
        bool,
        typer.Option("--same-database", help="Let the warehouse lie in the runner's database."),
    ] = False,
) -> None:
    """Create or update schemas, seeds and views in the warehouse. Safe to repeat."""
    from dagster_project.backfill.stages import present_versions
    from dagster_project.postgres import same_database
    from dagster_project.settings import Settings
    from dagster_project.unify.setup import set_up_warehouse

    with warehouse_databases(Settings()) as urls:
        if not same and same_database(urls.runner, urls.warehouse):
            fail(
                "BEACON_RUNNER_URL and BEACON_WAREHOUSE_URL lead to one database, in which nothing "
                "was created. Give the warehouse one of its own, or: beacon setup --same-database",
                FAILED,
            )
        left_out = set_up_warehouse(urls.warehouse, present_versions())
    for message in left_out:
        console.err.print(message, style="yellow", soft_wrap=True, highlight=False)
    but = ", but for what was left out" if left_out else ""
    console.out.print(f"The warehouse is ready{but}.")


def stop() -> None:
    """Stop the demo's Postgres server; any command starts it again."""
    from dagster_project.embedded_postgres.server import stop_server
    from dagster_project.settings import Settings

    settings = Settings()
    stopped = stop_server(settings.home, settings.pg_bindir)
    console.out.print("Stopped." if stopped else "Another command uses it; the last one stops it.")
