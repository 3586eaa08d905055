"""The command ``beacon report``: what it takes, shows and returns to the shell."""

from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli.shared import (
    FAILED,
    USAGE,
    FromDay,
    ToDay,
    fail,
    warehouse_databases,
    window_of,
)
from dagster_project.console import out


def report(
    job: Annotated[str | None, typer.Option("--job", help="Only this job, by its id.")] = None,
    first: FromDay = None,
    last: ToDay = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="File to replace; in BEACON_HOME/reports when not given.", dir_okay=False
        ),
    ] = None,
    *,
    open_it: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
) -> None:
    """Write what is known as one HTML file that needs nothing else, and print its path."""
    from dagster_project.answer_files import FormError, require_form
    from dagster_project.deliver.one_job import near_matches
    from dagster_project.deliver.report.make import (
        UnknownJobError,
        default_path,
        write_job,
        write_overview,
    )
    from dagster_project.deliver.report.wording import plural
    from dagster_project.settings import Settings

    settings = Settings()
    window = window_of(first, last)
    if job is not None and window is not None:
        fail("--job has its own day: leave --from and --to out.", USAGE)
    if output is not None:
        try:
            require_form(output, (".html", ".htm"))
        except FormError as error:
            fail(str(error), USAGE)
    path = (output or default_path(settings.home, window, job)).absolute()
    with warehouse_databases(settings) as urls:
        try:
            if job is None:
                made = write_overview(urls.warehouse, path, window)
            else:
                made = write_job(urls.warehouse, path, job)
        except UnknownJobError:
            similar = ", ".join(near_matches(urls.warehouse, job or ""))
            fail(f"No job {job} in the warehouse. Similar: {similar or 'none'}.", FAILED)
    out.print(f"{plural(made.jobs, 'job')}, {made.size_bytes / 1000:,.0f} kB:", highlight=False)
    out.print(str(made.path), soft_wrap=True, highlight=False)
    if open_it:
        typer.launch(made.path.as_uri())
