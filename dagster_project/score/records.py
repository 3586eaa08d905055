"""Answers out of files: lines or rows in, checked flat answers out.

Belongs here: the accepted forms of an input record. Does not belong here: scoring, output.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

IDENTITY = ("answer_id", "job", "region", "model", "question")
"""Fields that say which answer it is; passed through to the output."""

_TEXTS = (*IDENTITY, "text", "status", "lang")
_ROWS_PER_READ = 1_000
_TOO_LARGE = 1e308

Record = dict[str, Any]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is."""


@dataclass(frozen=True)
class Rejected:
    """A line (from 1) or row of the input that cannot be scored."""

    line: int
    reason: str
    content: str


@dataclass(frozen=True)
class Accepted:
    """The answers of one line (from 1) or row of the input."""

    line: int
    answers: list[Record]


class RecordError(ValueError):
    """What is wrong with a record, in words for the person who wrote it."""


def read_records(path: Path, progress: Progress) -> Iterator[Accepted | Rejected]:
    """Read a file of answers.

    A record is one answer: ``text`` and optionally ``answer_id, job, region, model, question,
    bias_score, status, lang``; or one job: ``job`` and ``answers``, a list of such records.

    Args:
        path: ``.parquet``, or JSON lines with any other ending; ``.gz`` is unpacked.
        progress: Told the bytes or rows read.

    Yields:
        Every line or row in order; blank lines are left out.
    """
    rows = _parquet_rows if path.suffix == ".parquet" else _json_lines
    for number, content in rows(path, progress):
        try:
            yield Accepted(number, answers_of(_parsed(content)))
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
            for row in batch.to_pylist():
                number += 1
                yield number, row
            progress("reading", number, size)


def _parsed(content: bytes | Record) -> object:
    if isinstance(content, dict):
        return content
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        message = f"not valid JSON: {getattr(error, 'msg', error)}"
        raise RecordError(message) from error


def _shown(content: bytes | Record) -> str:
    if isinstance(content, dict):
        return json.dumps(content, default=str)
    return content.decode(errors="replace").rstrip("\r\n")


def answers_of(record: object) -> list[Record]:
    """Check a record and return its answers.

    Args:
        record: One parsed line.

    Returns:
        Flat answers with all fields; what is absent is None.

    Raises:
        RecordError: The record is neither an answer nor a job with answers.
    """
    if not isinstance(record, dict):
        message = f"not a JSON object but {type(record).__name__}"
        raise RecordError(message)
    answers = record.get("answers")
    if answers is None:
        return [_answer(record)]
    if not isinstance(answers, list) or not all(isinstance(each, dict) for each in answers):
        message = "answers is not a list of objects"
        raise RecordError(message)
    return [_answer({**answer, "job": record.get("job")}) for answer in answers]


def _answer(record: Record) -> Record:
    if "text" not in record and record.get("status", "completed") == "completed":
        message = "there is no text"
        raise RecordError(message)
    texts = {name: _text(name, record.get(name)) for name in _TEXTS}
    return texts | {"bias_score": _number("bias_score", record.get("bias_score"))}


def _text(name: str, value: object) -> str | None:
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


def _number(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"{name} is not a number but {type(value).__name__}"
        raise RecordError(message)
    if not abs(value) < _TOO_LARGE:
        message = f"{name} is not a finite number"
        raise RecordError(message)
    return float(value)
