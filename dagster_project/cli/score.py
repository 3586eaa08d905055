"""The command ``beacon score``: what it takes, shows and returns to the shell."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import BAD_ROWS, FAILED, USAGE, fail
from dagster_project.console import out, progress

if TYPE_CHECKING:
    from rich.progress import Progress as Display
    from rich.progress import TaskID

    from dagster_project.answer_files import Progress


class Method(StrEnum):
    """Which measures to compute."""

    RUNNER = "runner"
    OURS = "ours"
    BOTH = "both"


def score_command(
    source: Annotated[
        Path,
        typer.Option("--input", exists=True, dir_okay=False, help="Answers: NDJSON or Parquet."),
    ],
    output: Annotated[Path, typer.Option(help="Result: NDJSON or Parquet, by its ending.")],
    *,
    jobs: Annotated[bool, typer.Option("--jobs", help="One record per job.")] = False,
    method: Annotated[Method, typer.Option(help="Whose measures.")] = Method.BOTH,
) -> None:
    """Score answers in a file, without a database.

    Exit code: 0 when everything was scored, 3 when lines were rejected (they are in
    OUTPUT.rejects.ndjson with their numbers and reasons), 1 on any other error.
    """
    from dagster_project.answer_files import UNREADABLE, FormError
    from dagster_project.score.files import rejects_path, score_file

    methods = ("runner", "ours") if method is Method.BOTH else (method.value,)
    try:
        with progress() as display:
            show = _shown_on(display)
            result = score_file(source, output, jobs=jobs, methods=methods, progress=show)
    except FormError as error:
        fail(str(error), USAGE)
    except UNREADABLE as error:
        fail(f"{source}: {error}", FAILED)
    out.print(f"{result.answers:,} answers scored, {result.records:,} records in {output}")
    if result.rejected:
        fail(f"{result.rejected:,} lines rejected, see {rejects_path(output)}", BAD_ROWS)


def _shown_on(display: "Display") -> "Progress":
    tasks: dict[str, TaskID] = {}

    def show(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = display.add_task(what)
        display.update(tasks[what], completed=done, total=total)

    return show
