"""Files of model answers: lines or rows in, checked answers out; and how a result becomes a file.

Belongs here: the accepted forms of a file and of its records, and checks of single fields. Does not
belong here: which fields a caller needs, scoring, the runner's tables.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

_BLANK_RANGES = (
    (0x0001, 0x0020),
    (0x007F, 0x00A0),
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x1680, 0x1680),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2000, 0x200F),
    (0x2028, 0x202F),
    (0x205F, 0x206F),
    (0x2800, 0x2800),
    (0x3000, 0x3000),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB),
)
BLANKS = "".join(chr(code) for first, last in _BLANK_RANGES for code in range(first, last + 1))
"""Characters that show nothing; a text of nothing else is blank. The same as rules.blanks()."""

_ROWS_PER_READ = 1_000
_TOO_LARGE = 1e308

Record = Mapping[str, Any]
"""One answer as the file has it."""

Answer = TypeVar("Answer")

UNREADABLE = (OSError, EOFError, zlib.error, pa.ArrowException, pl.exceptions.PolarsError)
"""What reading a file raises that is not what its ending says, or is cut off."""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a text begins that a spreadsheet takes for a formula; models write what they like."""

LINES = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
FORMS = (*LINES, ".parquet")
"""Endings of a result: lines of JSON, packed or not, and Parquet."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is."""


@dataclass(frozen=True)
class Rejected:
    """A line (from 1) or row of a file that cannot be used."""

    line: int
    reason: str
    content: str


class FormError(ValueError):
    """The ending of a file's name stands for no form that can be written."""

    def __init__(self, name: str, forms: Sequence[str]) -> None:
        """Name the endings that do."""
        super().__init__(f"{name}: nothing was written. The name must end in {', '.join(forms)}.")


def require_form(name: str, forms: Sequence[str] = FORMS) -> None:
    """Refuse a file or URL to write whose name does not say in which form.

    Raises:
        FormError: Its ending is none of these.
    """
    if not name.endswith(tuple(forms)):
        raise FormError(name, forms)


class RecordError(ValueError):
    """What is wrong with a record, in words for the person who wrote it."""


def read_records(
    path: Path, checked: Callable[[Record], Answer], progress: Progress = lambda *_: None
) -> Iterator[list[Answer] | Rejected]:
    """Yield the answers of every line or row in order; blank lines are left out.

    A record is one answer, or one job: ``job`` and ``answers``, a list of such records.

    Args:
        path: ``.parquet``, or JSON lines with any other ending; ``.gz`` is unpacked.
        checked: Turns one record into an answer; raises RecordError.
        progress: Told the bytes or rows read.
    """
    rows = _parquet_rows if path.suffix == ".parquet" else _json_lines
    for number, content in rows(path, progress):
        try:
            yield [checked(record) for record in _records(_parsed(content))]
        except RecordError as error:
            yield Rejected(number, str(error), _shown(content))


def _json_lines(path: Path, progress: Progress) -> Iterator[tuple[int, bytes]]:
    size = path.stat().st_size
    with path.open("rb") as file:
        lines = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, line
            if number % _ROWS_PER_READ == 0:
                progress("reading", file.tell(), size)
    progress("reading", size, size)


def _parquet_rows(path: Path, progress: Progress) -> Iterator[tuple[int, Record]]:
    number = 0
    with pq.ParquetFile(path) as file:
        size = file.metadata.num_rows
        for batch in file.iter_batches(_ROWS_PER_READ):
            for row in pl.DataFrame(batch).iter_rows(named=True):
                number += 1
                yield number, row
            progress("reading", number, size)


def _parsed(content: bytes | Record) -> object:
    if not isinstance(content, bytes):
        return content
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        message = f"not valid JSON: {getattr(error, 'msg', error)}"
        raise RecordError(message) from error


def _shown(content: bytes | Record) -> str:
    if isinstance(content, bytes):
        return content.decode(errors="replace").rstrip("\r\n")
    return json.dumps(content, default=str)


def _records(parsed: object) -> list[Record]:
    if not isinstance(parsed, dict):
        message = f"not a JSON object but {type(parsed).__name__}"
        raise RecordError(message)
    answers = parsed.get("answers")
    if answers is None:
        return [parsed]
    if not isinstance(answers, list) or not all(isinstance(each, dict) for each in answers):
        message = "answers is not a list of objects"
        raise RecordError(message)
    return [{**answer, "job": parsed.get("job")} for answer in answers]


def text_of(record: Record, name: str) -> str | None:
    """Return a text that can be stored as UTF-8; a number that names something as text."""
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and name != "text":
        return str(value)
    if not isinstance(value, str):
        message = f"{name} is not a string but {type(value).__name__}"
        raise RecordError(message)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        message = f"{name} is not valid Unicode: half a surrogate pair"
        raise RecordError(message) from error
    return value


def number_of(record: Record, name: str) -> float | None:
    """Return a finite number."""
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"{name} is not a number but {type(value).__name__}"
        raise RecordError(message)
    if not abs(value) < _TOO_LARGE:
        message = f"{name} is not a finite number"
        raise RecordError(message)
    return float(value)
