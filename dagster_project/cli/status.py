"""The command ``beacon status``: what the warehouse holds now, and which job_days need work."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import USAGE, AsJson, fail, print_json, warehouse_databases

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


def status(
    *,
    as_json: AsJson = False,
    hashes: Annotated[
        bool, typer.Option("--hashes", help="With --json: hash all content, which reads all of it.")
    ] = False,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Print metrics for Prometheus.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option(help="With --prometheus: a file, replaced as a whole.")
    ] = None,
) -> None:
    """Show what the warehouse holds and which job_days need work."""
    from dagster_project.backfill.plan import read_plan
    from dagster_project.cli.holdings import read_content_hashes, read_holdings
    from dagster_project.cli.metrics import metrics
    from dagster_project.cli.printing import print_holdings, print_plan
    from dagster_project.settings import Settings

    if (as_json and prometheus) or (to is not None and not prometheus):
        fail("--prometheus stands alone, or with --to FILE.", USAGE)
    if hashes and not as_json:
        fail("--hashes goes with --json.", USAGE)
    with warehouse_databases(Settings()) as urls:
        plan = read_plan(urls)
        holdings = read_holdings(urls.warehouse)
        if prometheus:
            _expose(metrics(plan, holdings, datetime.now(UTC)), to)
        elif as_json:
            document = {"days": [asdict(day) for day in plan.days], **asdict(holdings)}
            if hashes:
                found = read_content_hashes(urls.warehouse)
                document["content_hashes"] = {name: asdict(one) for name, one in found.items()}
            print_json(document)
        else:
            print_plan(plan.days)
            print_holdings(holdings)


def _expose(registry: "CollectorRegistry", file: Path | None) -> None:
    from prometheus_client import generate_latest, write_to_textfile

    if file is None:
        sys.stdout.write(generate_latest(registry).decode())
    else:
        write_to_textfile(str(file), registry)
