"""The command ``beacon health``: whether the daemon lives, as an exit code."""

from datetime import UTC, datetime

import typer

from dagster_project.cli.shared import FAILED, AsJson, print_json
from dagster_project.console import err, out, table


def health(*, as_json: AsJson = False) -> None:
    """Say whether Dagster's daemon lives: exit code 1 unless every part was seen lately."""
    from dagster_project.orchestrate.health import as_document, heartbeats
    from dagster_project.orchestrate.instance import dagster_instance
    from dagster_project.settings import Settings

    with dagster_instance(Settings()) as instance:
        found = heartbeats(instance, datetime.now(UTC))
    if as_json:
        print_json(as_document(found))
    else:
        rows = [
            (one.daemon, "live" if one.is_live else "not live", one.last_seen or "never seen")
            for one in found
        ]
        out.print(table("Dagster's daemon", ["part", "state", "last seen (UTC)"], rows))
    if not all(one.is_live for one in found):
        err.print("The daemon does not live: beacon ui, or dagster-daemon run", style="bold red")
        raise typer.Exit(FAILED)
