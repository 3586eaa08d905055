"""One relation as CSV, Excel or Parquet, a batch at a time, whole or not at all.

Belongs here: forms of a file and its cells, and who reads. Does not belong here: what may be asked
for (condition.py), types of columns (snapshot/catalog.py).
"""

import csv
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import psycopg
import xlsxwriter
from psycopg import errors, sql

from dagster_project.answer_files import FORMULA_SIGNS
from dagster_project.deliver.export.condition import safe_condition
from dagster_project.deliver.one_job import snapshot
from dagster_project.deliver.snapshot.catalog import SCHEMA, Relation, relations
from dagster_project.deliver.snapshot.files import read_batches, write_relation
from dagster_project.outputs import Place, written_file
from dagster_project.postgres import advisory_lock
from dagster_project.stage import StageError
from dagster_project.warehouse import ANALYST, SETUP_LOCK

FORMS = (".csv", ".xlsx", ".parquet")
SHEET_ROWS, CELL_CHARACTERS, EXACT_INTEGER = 1_048_576, 32_767, 2**53
FIRST_SHEET_YEAR = 1900
"""What a sheet can hold."""

_NOT_OURS = (errors.InsufficientPrivilege, errors.InvalidParameterValue, errors.UndefinedObject)
"""How a server says that the role is not there, or not for us to take."""

Rows = Iterable[Sequence[Any]]


class UnknownRelationError(ValueError):
    """Analysts have no such relation."""


class SheetError(StageError):
    """A sheet cannot hold what was asked for."""


class BadConditionError(ValueError):
    """The server does not take the condition."""


@dataclass(frozen=True)
class Export:
    """A file that was written.

    Attributes:
        rows: Without the header.
    """

    path: Place
    relation: str
    rows: int
    size_bytes: int


def write_export(
    url: str, name: str, path: Place, condition: str | None, batch_rows: int
) -> Export:
    """Write the rows of a relation that fit a condition, in the order of their days and keys.

    Args:
        url: libpq URL of the warehouse, as owner; reads as the analysts' role where it may.
        name: A table or view of `SCHEMA`, with or without it.
        path: Its ending is one of `FORMS`; replaced when all is written.
        condition: SQL on the relation's columns; None for all rows.
        batch_rows: Rows held in memory at a time.

    Raises:
        UnknownRelationError: Analysts have no relation of that name.
        ConditionError: The condition may not be asked.
        BadConditionError: The server does not take it.
        SheetError: The rows do not fit a sheet of Excel.
    """
    safe = None if condition is None else safe_condition(condition)
    with advisory_lock(url, SETUP_LOCK, shared=True), snapshot(url, "export") as connection:
        _take_role(connection)
        relation = _find(relations(connection), name)
        with written_file(path) as unfinished:
            try:
                rows = _write(connection, relation, unfinished, safe, batch_rows, path.suffix)
            except (psycopg.ProgrammingError, psycopg.DataError) as error:
                if safe is None:
                    raise
                message = f"The condition on {SCHEMA}.{relation.name}: {error.diag.message_primary}"
                raise BadConditionError(message) from error
            size = unfinished.stat().st_size
    return Export(path, f"{SCHEMA}.{relation.name}", rows, size)


def _take_role(connection: psycopg.Connection[Any]) -> None:
    """Read as analysts do; an owner who may not take their role reads the same relations."""
    try:
        with connection.transaction():
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(ANALYST)))
    except _NOT_OURS:
        return


def _find(found: Sequence[Relation], name: str) -> Relation:
    wanted = name.removeprefix(f"{SCHEMA}.")
    for relation in found:
        if relation.name == wanted:
            return relation
    names = [relation.name for relation in found]
    nearest = ", ".join(get_close_matches(wanted, names, cutoff=0))
    message = f"Analysts have no relation {name}. The nearest of {len(names)}: {nearest or 'none'}."
    raise UnknownRelationError(message)


def _write(  # noqa: PLR0913, PLR0917  what, where to, how much
    connection: psycopg.Connection[Any],
    relation: Relation,
    file: Path,
    condition: str | None,
    batch_rows: int,
    form: str,
) -> int:
    if form == ".parquet":
        parts = write_relation(connection, relation, file, batch_rows, condition)
        return sum(part.rows for part in parts)
    batches = read_batches(connection, relation, batch_rows, condition)
    rows = (row for batch in batches for row in batch)
    names = [column.column_name for column in relation.columns]
    return _write_csv(file, names, rows) if form == ".csv" else _write_sheet(file, names, rows)


def _write_csv(file: Path, names: Sequence[str], rows: Rows) -> int:
    written = 0
    # The mark at the beginning tells a spreadsheet that the texts are UTF-8.
    with file.open("w", encoding="utf-8-sig", newline="") as output:
        lines = csv.writer(output)
        lines.writerow(names)
        for row in rows:
            lines.writerow([_inert(value) for value in row])
            written += 1
    return written


def _inert(value: object) -> str:
    """Return a cell of CSV: NULL is empty, and no text is a formula to a spreadsheet."""
    text = _text(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA_SIGNS) else text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


def _write_sheet(file: Path, names: Sequence[str], rows: Rows) -> int:
    written = 0
    with xlsxwriter.Workbook(str(file), {"constant_memory": True, "remove_timezone": True}) as book:
        sheet = book.add_worksheet()
        formats = {
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        sheet.freeze_panes(1, 0)
        for place, name in enumerate(names):
            sheet.write_string(0, place, name, book.add_format({"bold": True}))
        for row in rows:
            written += 1
            if written >= SHEET_ROWS:
                message = (
                    f"A sheet holds {SHEET_ROWS - 1:,} rows: take .csv or .parquet, or --where"
                )
                raise SheetError(message)
            for place, value in enumerate(row):
                _put(sheet, written, place, value, formats)
    return written


def _put(sheet: Any, row: int, place: int, value: object, formats: dict[type, Any]) -> None:  # noqa: ANN401  it has no types
    """Write a cell; a text is a text and never a formula, a link or a number."""
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int | float) and math.isfinite(value) and abs(value) < EXACT_INTEGER:
        sheet.write_number(row, place, value)
    elif isinstance(value, date) and value.year >= FIRST_SHEET_YEAR:
        moment = value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value
        sheet.write_datetime(row, place, moment, formats[type(value)])
    elif value is not None:
        text = _text(value)
        if len(text.encode("utf-16-le")) // 2 > CELL_CHARACTERS:
            message = (
                f"Row {row:,} has a text of {len(text):,} characters, and a cell holds "
                f"{CELL_CHARACTERS:,}: take .csv or .parquet, or --where"
            )
            raise SheetError(message)
        sheet.write_string(row, place, text)
