"""How results look on a terminal: tables and progress, nothing about where they come from.

`out` shows results and is silenced by ``--quiet``; `err` shows what is wrong and never is.
"""

import shutil
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

out = Console()
err = Console(stderr=True)


def program() -> str:
    """Return how the user called this program, so that a command can be copied from a message."""
    called = sys.argv[0]
    return "beacon" if called == shutil.which("beacon") else called


def progress() -> Progress:
    """Return a progress display on standard error, one line per task."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        disable=out.quiet,
    )


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """Return a table; numbers are aligned right.

    Args:
        title: Shown above.
        columns: Headings; none is shown when all are empty.
        rows: Cells in the order of the headings; None is an empty cell.

    Returns:
        The table, ready to print.
    """
    shown = Table(title=title, title_justify="left", title_style="bold", show_header=any(columns))
    numeric = [all(isinstance(row[n], int) for row in rows) for n in range(len(columns))]
    for heading, is_number in zip(columns, numeric, strict=True):
        shown.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*map(_cell, row))
    return shown


def _cell(value: object) -> Text:
    """Return a value as plain text: what comes from a database is never read as markup."""
    if value is None:
        return Text("")
    return Text(f"{value:,}" if isinstance(value, int) else str(value))
