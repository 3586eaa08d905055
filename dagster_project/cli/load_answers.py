"""The command ``beacon load-answers``: what it takes and shows."""

from pathlib import Path
from typing import Annotated

import typer

from dagster_project import console
from dagster_project.cli.shared import FAILED, fail, warehouse_databases


def load_answers_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Parquet or NDJSON.")],
    note: Annotated[str, typer.Option(help="What stands in for what; part of the job name.")] = "",
) -> None:
    """Put model answers from a file into the runner database, as standard jobs."""
    from dagster_project.answer_files import UNREADABLE
    from dagster_project.runner_db.load_answers import (
        BadAnswersError,
        ForeignDatabaseError,
        ForeignJobError,
        load_answers,
    )
    from dagster_project.settings import Settings

    with warehouse_databases(Settings(), start_demo=True) as urls:
        try:
            result = load_answers(urls.runner, file, note=note)
        except (BadAnswersError, ForeignDatabaseError, ForeignJobError) as error:
            fail(str(error), FAILED)
        except UNREADABLE as error:
            fail(f"{file}: {error}", FAILED)
    console.out.print(
        f"{result.answers:,} answers: {result.jobs_added:,} jobs added, "
        f"{result.jobs_replaced:,} replaced, {result.jobs_unchanged:,} unchanged. "
        "Next: beacon backfill"
    )
