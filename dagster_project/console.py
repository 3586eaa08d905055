"""How results look on a terminal: tables and progress, nothing about where they come from.

`out` shows results and is silenced by ``--quiet``; `err` shows what is wrong and never is. What
either prints may come from anybody: it is never read as markup, and what would steer the terminal
or deceive a reader has a visible sign instead.
"""

import shutil
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def _visible_forms() -> dict[int, str]:
    controls = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"}
    more_controls = dict.fromkeys(range(0x80, 0xA0), REPLACEMENT)
    surrogates = dict.fromkeys(range(0xD800, 0xE000), REPLACEMENT)
    # Marks that turn the direction of what follows; marks of one place (U+200E, U+200F) stay.
    directions = {
        code: f"[U+{code:04X}]" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
    }
    separators = {0x2028: "\n", 0x2029: "\n", 0x7F: chr(0x2421)}
    return controls | more_controls | surrogates | directions | separators


_VISIBLE = _visible_forms()


def visible(text: str) -> str:
    r"""Put a visible sign where a character would hide, reorder or break what stands around it.

    Control characters, direction overrides, lone surrogates; line ends become ``\n``.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_VISIBLE)


class PlainConsole(Console):
    """A console that takes texts as they are: no markup, no emoji codes, no control characters."""

    def __init__(self, *, stderr: bool = False) -> None:
        """Write to standard output or standard error."""
        super().__init__(stderr=stderr, markup=False, emoji=False)

    def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401  as rich has it
        """Print texts, and what is rendered of other objects; see `table`."""
        shown = (visible(one) if isinstance(one, str) else one for one in objects)
        super().print(*shown, **options)


out = PlainConsole()
err = PlainConsole(stderr=True)


def program() -> str:
    """Return how the user called this program, so that a command can be copied from a message."""
    called = sys.argv[0]
    return "beacon" if called == shutil.which("beacon") else called


class Lines(Progress):
    """Progress in a pipe or a file: a line when a task begins and at each tenth of it."""

    def __init__(self) -> None:
        """Draw nothing; what is said is printed on standard error."""
        super().__init__(disable=True)
        self._tenths: dict[TaskID, int] = {}

    def add_task(self, description: str, *arguments: Any, **options: Any) -> TaskID:  # noqa: ANN401  as rich has it
        """Begin a task, and say so."""
        task_id = super().add_task(description, *arguments, **options)
        self._say(task_id)
        return task_id

    def update(self, task_id: TaskID, **changes: Any) -> None:  # noqa: ANN401  as rich has it
        """Change a task, and say what was reached."""
        super().update(task_id, **changes)
        self._say(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        """Go on with a task, and say what was reached."""
        super().advance(task_id, advance)
        self._say(task_id)

    def _say(self, task_id: TaskID) -> None:
        task = self.tasks[task_id]
        tenth = int(10 * task.completed / task.total) if task.total else 0
        if self._tenths.get(task_id) == tenth:
            return
        self._tenths[task_id] = tenth
        total = "" if task.total is None else f" of {task.total:,.0f}"
        elapsed = timedelta(seconds=int(task.elapsed or 0))
        err.print(f"{task.description}: {task.completed:,.0f}{total}, {elapsed}", highlight=False)


def progress() -> Progress:
    """Return a progress display on standard error: one line per task, or lines where none moves."""
    if not (err.is_terminal or out.quiet):
        return Lines()
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
    shown = Table(
        title=visible(title), title_justify="left", title_style="bold", show_header=any(columns)
    )
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
    return Text(f"{value:,}" if isinstance(value, int) else visible(str(value)))
