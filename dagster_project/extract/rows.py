"""One row on its way: from a line of ``window_rows.sql`` to a line that ``raw.*`` takes.

Belongs here: per-row rules. Does not belong here: sessions and transactions. Nearly every line
passes through as the bytes it came in; only those that may hold personal data are parsed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from psycopg.abc import Buffer

from dagster_project.extract.personal_data import (
    Field,
    Kind,
    UnreadableJsonError,
    may_hold_personal_data,
    strip_row,
)
from dagster_project.extract.schema import Column, TableShape

NULL = r"\N"

_ESCAPES = {
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
}
_CHARACTERS = {escape[1]: character for character, escape in _ESCAPES.items()}
_TO_ESCAPES = str.maketrans(_ESCAPES)
_ESCAPED = re.compile(r"\\(.)")


def decode_line(line: str) -> list[str | None]:
    r"""Split one line into its values.

    Returns:
        The values as text, None for NULL.

    Examples:
        >>> decode_line(r"7	\N	a\tb")
        ['7', None, 'a\tb']
    """
    return [
        None if field == NULL else _ESCAPED.sub(_character, field) for field in line.split("\t")
    ]


def encode_line(values: Iterable[str | None]) -> str:
    r"""Join values into one line; the inverse of `decode_line`.

    Args:
        values: Values as text, None for NULL.

    Examples:
        >>> encode_line(["7", None, "a\tb"]) == r"7	\N	a\tb"
        True
    """
    return "\t".join(NULL if value is None else value.translate(_TO_ESCAPES) for value in values)


def _character(match: re.Match[str]) -> str:
    return _CHARACTERS.get(match[1], match[1])


_ANSWER_COLUMNS = frozenset({("executions", "output_data"), ("region_results", "execution_output")})
_BATCH_BYTES = 16_000_000
_JOB_DAY = Field("job_day", Kind.OTHER)
_PARENTS = {
    "executions": "job_id",
    "diffs": "job_id",
    "region_results": "cross_region_execution_id",
    "cross_region_analyses": "cross_region_execution_id",
}
"""Column that names what a row belongs to; elsewhere it is jobspec_id."""


@dataclass(frozen=True)
class Row:
    """A source row on its way to ``raw``.

    Attributes:
        job_day: ISO date of its job_day.
        line: Its COPY line, without personal data, with its end.
    """

    source_id: str
    job_day: str
    line: bytes


@dataclass(frozen=True)
class UnreadableRow:
    """A source row that cannot be stored.

    Attributes:
        job_day: ISO date of its job_day.
        reason: What is wrong, without any content of the row.
        parent_id: What it belongs to, as stored; None where it names nothing.
    """

    source_id: str
    job_day: str
    reason: str
    parent_id: str | None


@dataclass(frozen=True)
class Batch:
    """Rows that are in memory together."""

    readable: list[Row] = field(default_factory=list)
    unreadable: list[UnreadableRow] = field(default_factory=list)


def row_reader(
    table: TableShape, known_secrets: set[str]
) -> Callable[[Buffer], Row | UnreadableRow]:
    """Return the function that reads the lines of one table.

    Args:
        known_secrets: Wallet values met so far in this extract; grows as rows are read.
    """
    fields = [*(_field(table.name, column) for column in table.columns), _JOB_DAY]

    def read(data: Buffer) -> Row | UnreadableRow:
        try:
            text = str(data, "utf-8").removesuffix("\n")
        except UnicodeDecodeError:
            return _undecodable(table, fields, bytes(data))
        problem, _, line = text.partition("\t")
        source_id = line[: line.index("\t")]
        job_day = line[line.rindex("\t") + 1 :]
        if problem != NULL:
            return UnreadableRow(source_id, job_day, problem, parent_id(table, line))
        if not may_hold_personal_data(line):
            return Row(source_id, job_day, bytes(memoryview(data)[len(NULL) + 1 :]))
        try:
            stripped = encode_line(strip_row(fields, decode_line(line), known_secrets))
        except UnreadableJsonError as error:
            return UnreadableRow(source_id, job_day, str(error), parent_id(table, line))
        return Row(source_id, job_day, f"{stripped}\n".encode())

    return read


def _undecodable(table: TableShape, fields: Sequence[Field], data: bytes) -> UnreadableRow:
    """Name the column with bytes that are no UTF-8, which a database in SQL_ASCII lets in."""
    _, *values = data.removesuffix(b"\n").split(b"\t")
    bad = next(
        column.name
        for column, value in zip(fields, values, strict=True)
        if value.decode(errors="replace").encode() != value
    )
    line = "\t".join(value.decode(errors="replace") for value in values)
    source_id, job_day = line.partition("\t")[0], line.rpartition("\t")[2]
    return UnreadableRow(source_id, job_day, f"{bad} is not valid UTF-8", parent_id(table, line))


def parent_id(table: TableShape, line: str) -> str | None:
    """Return what the row of a line belongs to, as stored."""
    column = _PARENTS.get(table.name, "jobspec_id")
    place = [one.name for one in table.columns].index(column)
    (value,) = decode_line(line.split("\t", place + 1)[place])
    return value


def batches(rows: Iterable[Row | UnreadableRow], batch_rows: int) -> Iterator[Batch]:
    """Group rows so that a bounded number of rows and bytes is in memory.

    Args:
        rows: Rows in any order.
        batch_rows: Most rows of a batch.

    Yields:
        Batches of at least one row; one that is larger than `_BATCH_BYTES` ends its batch.
    """
    batch = Batch()
    size = 0
    for row in rows:
        if isinstance(row, Row):
            batch.readable.append(row)
            size += len(row.line)
        else:
            batch.unreadable.append(row)
        if len(batch.readable) + len(batch.unreadable) >= batch_rows or size >= _BATCH_BYTES:
            yield batch
            batch = Batch()
            size = 0
    if batch.readable or batch.unreadable:
        yield batch


def _field(table: str, column: Column) -> Field:
    if column.type_name == "jsonb":
        answers = (table, column.name) in _ANSWER_COLUMNS
        return Field(column.name, Kind.JSON_WITH_ANSWER if answers else Kind.JSON)
    return Field(column.name, Kind.TEXT if column.type_name == "text" else Kind.OTHER)
