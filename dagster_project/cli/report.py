"""The command ``beacon report``: what it takes, shows and returns to the shell."""

from typing import Annotated

import typer

from dagster_project.cli.shared import (
    FAILED,
    USAGE,
    FromDay,
    ToDay,
    fail,
    require_openable,
    warehouse_databases,
    window_of,
)
from dagster_project.console import out


def report(
    job: Annotated[str | None, typer.Option("--job", help="Only this job, by its id.")] = None,
    first: FromDay = None,
    last: ToDay = None,
    output: Annotated[
        str | None,
        typer.Option(help="File or URL to replace; below BEACON_OUTPUT_URL when not given."),
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
    from dagster_project.outputs import output_root, place_of
    from dagster_project.settings import Settings

    settings = Settings()
    window = window_of(first, last)
    if job is not None and window is not None:
        fail("--job has its own day: leave --from and --to out.", USAGE)
    path = place_of(output) if output else default_path(output_root(settings), window, job)
    try:
        require_form(str(path), (".html", ".htm"))
    except FormError as error:
        fail(str(error), USAGE)
    if open_it:
        require_openable(path)
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
