"""The command ``beacon snapshot``: what it takes, shows and returns to the shell."""

from dataclasses import asdict
from typing import Annotated

import typer

from dagster_project.cli.shared import FAILED, AsJson, fail, print_json, warehouse_databases
from dagster_project.console import out, progress, table


def snapshot(
    output: Annotated[
        str | None,
        typer.Option(help="Folder or URL to replace; below BEACON_OUTPUT_URL when not given."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write what analysts read as one DuckDB file and Parquet, from one moment."""
    from dagster_project.deliver.snapshot.take import default_folder, take_snapshot
    from dagster_project.outputs import ForeignFolderError, output_root, place_of
    from dagster_project.settings import Settings

    settings = Settings()
    folder = place_of(output) if output else default_folder(output_root(settings))
    with warehouse_databases(settings) as urls, progress() as bar:
        task = bar.add_task("Relations", total=None)
        try:
            taken = take_snapshot(
                urls.warehouse,
                folder,
                settings.batch_rows,
                lambda done, total: bar.update(task, completed=done, total=total),
            )
        except ForeignFolderError as error:
            fail(str(error), FAILED)
    if as_json:
        print_json(asdict(taken))
        return
    out.print(table("Snapshot", ["relation", "rows"], list(taken.rows.items())))
    out.print(
        f"{taken.size_bytes / 1e6:,.1f} MB in {taken.seconds:,.1f} s, as of {taken.taken_at}: "
        f"{taken.folder}",
        soft_wrap=True,
        highlight=False,
    )
