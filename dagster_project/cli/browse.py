"""The command ``beacon browse``: what it takes, shows and returns to the shell."""

from typing import Annotated

import typer

from dagster_project.cli.shared import (
    FAILED,
    FromDay,
    ToDay,
    fail,
    require_openable,
    warehouse_databases,
    window_of,
)
from dagster_project.console import out, progress


def browse(
    first: FromDay = None,
    last: ToDay = None,
    output: Annotated[
        str | None,
        typer.Option(help="Folder or URL to replace; below BEACON_OUTPUT_URL when not given."),
    ] = None,
    *,
    open_it: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
) -> None:
    """Write all jobs and questions as pages to search and filter, without a server."""
    from dagster_project.deliver.browse.make import INDEX, default_folder, write_browse
    from dagster_project.deliver.report.wording import plural
    from dagster_project.outputs import ForeignFolderError, output_root, place_of
    from dagster_project.settings import Settings

    settings = Settings()
    window = window_of(first, last)
    folder = place_of(output) if output else default_folder(output_root(settings))
    if open_it:
        require_openable(folder)
    with warehouse_databases(settings) as urls, progress() as bar:
        task = bar.add_task("Jobs", total=None)
        try:
            made = write_browse(
                urls.warehouse,
                folder,
                window,
                lambda done, total: bar.update(task, completed=done, total=total),
            )
        except ForeignFolderError as error:
            fail(str(error), FAILED)
    out.print(f"{plural(made.jobs, 'job')}, {made.size_bytes / 1e6:,.1f} MB:", highlight=False)
    out.print(str(folder / INDEX), soft_wrap=True, highlight=False)
    if open_it:
        typer.launch((folder / INDEX).as_uri())
