"""The command ``beacon jobs``: which jobs there are, found by what is known about them."""

from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project import console
from dagster_project.cli.shared import (
    USAGE,
    AsJson,
    FromDay,
    ToDay,
    fail,
    print_json,
    warehouse_databases,
    window_of,
)

if TYPE_CHECKING:
    from dagster_project.deliver.some_jobs import SomeJobs


def jobs(  # noqa: PLR0913, PLR0917  one per option
    text: Annotated[str | None, typer.Argument(help="Part of the job's id.")] = None,
    first: FromDay = None,
    last: ToDay = None,
    state: Annotated[str | None, typer.Option(help="Analysis state, e.g. analysed, lost.")] = None,
    workflow: Annotated[str | None, typer.Option(help="standard or cross_region.")] = None,
    model: Annotated[str | None, typer.Option(help="Model that the job asks.")] = None,
    region: Annotated[str | None, typer.Option(help="Region that the job asks.")] = None,
    verdict: Annotated[str | None, typer.Option(help="E.g. difference_detected.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most jobs to show.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first, by day, state, workflow, model, region, verdict or id."""
    from dagster_project.deliver.one_job import snapshot
    from dagster_project.deliver.some_jobs import UnknownValueError, Wanted, read_some_jobs
    from dagster_project.settings import Settings

    window = window_of(first, last)
    wanted = Wanted(state, workflow, model, region, verdict, text)
    with warehouse_databases(Settings()) as urls, snapshot(urls.warehouse, "jobs") as connection:
        try:
            found = read_some_jobs(connection, wanted, window, limit)
        except UnknownValueError as error:
            fail(str(error), USAGE)
    if as_json:
        print_json({"matching": found.matching, "shown": len(found.jobs), "jobs": found.jobs})
    else:
        print_jobs(found)


def print_jobs(found: "SomeJobs") -> None:
    """Print jobs as a table that fits 80 columns, and how many were left out."""
    rows = [
        (
            job["job_id"],
            job["job_day"],
            f"{job['answered']}/{job['expected']}",
            job["verdict"] if job["analysis_state"] == "analysed" else job["analysis_state"],
        )
        for job in found.jobs
    ]
    if rows:
        columns = ["job", "day", "slots", "state or verdict"]
        console.out.print(console.table("Jobs", columns, rows))
    left_out = found.matching - len(rows)
    told = f"{len(rows):,} of {found.matching:,} jobs."
    if left_out:
        told += f" {left_out:,} are left out: narrow it, or --limit {found.matching}"
    console.out.print(told, highlight=False)
