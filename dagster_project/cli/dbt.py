"""The command ``beacon dbt``: dbt's own command line on the warehouse, for whoever knows dbt."""

from typing import Annotated

import typer

from dagster_project.cli.shared import (
    USAGE,
    FromDay,
    ToDay,
    fail,
    warehouse_databases,
    window_of,
)

BUILT_BY = {"seed": "beacon setup", "run": "beacon backfill", "build": "beacon backfill"}
"""Which command of ours does the work of dbt's."""


def dbt(
    arguments: Annotated[
        list[str], typer.Argument(help="dbt's: ls, show, compile, test, docs, parse, debug …")
    ],
    first: FromDay = None,
    last: ToDay = None,
) -> None:
    """Let dbt look at the warehouse: connection, folders and window are set. Reads only."""
    from dagster_project.partitions import ALL_DAYS
    from dagster_project.settings import Settings
    from dagster_project.unify.dbt_command import READING, by_hand
    from dagster_project.unify.dbt_run import run_by_hand

    wanted = arguments[0]
    if wanted not in READING:
        ours = BUILT_BY.get(wanted, "beacon setup for seeds and views, beacon backfill for days")
        fail(
            f"Here dbt only reads, so there is no beacon dbt {wanted}; take {ours}. "
            f"What there is, written first: {', '.join(READING)}",
            USAGE,
        )
    window = window_of(first, last) or ALL_DAYS
    settings = Settings()
    with warehouse_databases(settings) as urls:
        target = settings.private_home() / "dbt" / "by_hand"
        code = run_by_hand(by_hand(arguments, window), url=urls.warehouse, target=target)
    raise typer.Exit(code)
