"""The command ``beacon status``: what the warehouse holds now, and which job_days need work."""

from dataclasses import asdict

from dagster_project.cli.shared import AsJson, print_json, warehouse_databases


def status(*, as_json: AsJson = False) -> None:
    """Show what the warehouse holds and which job_days need work."""
    from dagster_project.backfill.plan import current_plan
    from dagster_project.cli.holdings import read_content_hashes, read_holdings
    from dagster_project.cli.printing import print_holdings, print_plan
    from dagster_project.settings import Settings

    with warehouse_databases(Settings()) as urls:
        days = current_plan(urls)
        holdings = read_holdings(urls.warehouse)
        if as_json:
            hashes = read_content_hashes(urls.warehouse)
            document = {
                "days": [asdict(day) for day in days],
                **asdict(holdings),
                "content_hashes": {name: asdict(value) for name, value in hashes.items()},
            }
            print_json(document)
        else:
            print_plan(days)
            print_holdings(holdings)
