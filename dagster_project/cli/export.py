"""The command ``beacon export``: rows of one relation as a file for other programs."""

from dataclasses import asdict
from typing import Annotated

import typer

from dagster_project.cli.shared import USAGE, AsJson, fail, print_json, warehouse_databases
from dagster_project.console import out


def export(
    relation: Annotated[str, typer.Argument(help="Table or view of analytics.")],
    to: Annotated[
        str, typer.Option("--to", help="File or URL to replace: .csv, .xlsx or .parquet.")
    ],
    where: Annotated[
        str | None, typer.Option(help="SQL condition on its columns, e.g. \"region = 'US'\".")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write rows of what analysts may read as CSV, Excel or Parquet. Reads only."""
    from dagster_project.answer_files import FormError, require_form
    from dagster_project.deliver.export.condition import ConditionError
    from dagster_project.deliver.export.write import (
        FORMS,
        BadConditionError,
        UnknownRelationError,
        write_export,
    )
    from dagster_project.outputs import place_of
    from dagster_project.settings import Settings

    settings = Settings()
    try:
        place = place_of(to)
        require_form(str(place), FORMS)
        with warehouse_databases(settings) as urls:
            made = write_export(urls.warehouse, relation, place, where, settings.batch_rows)
    except (FormError, ConditionError, BadConditionError, UnknownRelationError) as error:
        fail(str(error), USAGE)
    if as_json:
        print_json(asdict(made))
        return
    out.print(
        f"{made.rows:,} rows of {made.relation}, {made.size_bytes / 1000:,.0f} kB: {made.path}",
        soft_wrap=True,
        highlight=False,
    )
