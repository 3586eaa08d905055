"""Reads files of model answers: Parquet or NDJSON in, checked answers by job out.

Belongs here: columns, types, what makes a row bad. Does not belong here: the runner's tables.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

import polars as pl

LONGEST = {"job": 255, "region": 100, "model": 50, "question": 255}
"""Columns every row must fill, and the longest value the runner's columns hold."""

COMPLETED = "completed"
SHOWN = 20


@dataclass(frozen=True)
class FileAnswer:
    """One row of a file.

    Attributes:
        job: Which job it belongs to; becomes the public job id.
        region: Any spelling of a region.
        model: Any spelling of a model.
        question: Question id or the question itself.
        text: The answer, unchanged; None only when the execution did not complete.
        status: Stored status.
        bias_score: The score that the runner's bias_variance is made of, if the file has one.
        started_at: UTC, or None.
        completed_at: UTC, or None.
        created_at: UTC, or None.
    """

    job: str
    region: str
    model: str
    question: str
    text: str | None
    status: str
    bias_score: float | None
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime | None


class BadAnswersError(ValueError):
    """Rows of a file that cannot be loaded; nothing of the file was."""

    def __init__(self, file: Path, faults: Mapping[int, str]) -> None:
        """Name the rows and what is wrong with them.

        Args:
            file: The file.
            faults: What is wrong, by row number (the first row is 1).
        """
        shown = [f"row {number}: {fault}" for number, fault in list(faults.items())[:SHOWN]]
        more = [f"and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        super().__init__("\n".join([f"{file.name}: {len(faults)} bad rows", *shown, *more]))
        self.faults = dict(faults)


class _BadRowError(ValueError):
    """What is wrong with one row."""


def read_answers(file: Path) -> dict[str, list[FileAnswer]]:
    """Read and check a file of answers.

    Args:
        file: ``.parquet``, ``.ndjson`` or ``.jsonl`` with the columns job, region, model,
            question, text and optionally started_at, completed_at, created_at (ISO texts or
            timestamps; without offset they are UTC), status, bias_score.

    Returns:
        Answers in the file's order by job, jobs in order of first appearance.

    Raises:
        BadAnswersError: Rows are bad; it names each.
        ValueError: The kind of file is unknown, a column is missing, or there are no rows.
    """
    answers: dict[str, list[FileAnswer]] = {}
    faults: dict[int, str] = {}
    for number, row in enumerate(_rows(file), start=1):
        try:
            answer = _answer(row)
        except _BadRowError as error:
            faults[number] = str(error)
        else:
            answers.setdefault(answer.job, []).append(answer)
    if faults:
        raise BadAnswersError(file, faults)
    if not answers:
        message = f"{file.name} holds no rows"
        raise ValueError(message)
    return answers


def _rows(file: Path) -> Iterator[Any]:
    """Yield rows as mappings; a line that is no JSON as its text, for _answer to refuse."""
    match file.suffix:
        case ".parquet":
            frame = pl.read_parquet(file)
            if missing := {*LONGEST, "text"} - set(frame.columns):
                message = f"{file.name} lacks the columns {', '.join(sorted(missing))}"
                raise ValueError(message)
            yield from frame.iter_rows(named=True)
        case ".ndjson" | ".jsonl":
            # Bytes that are no UTF-8 stay recognisable, so that their row can be named.
            with file.open(encoding="utf-8", errors="surrogateescape") as lines:
                for line in lines:
                    try:
                        yield json.loads(line)
                    except json.JSONDecodeError:
                        yield line
        case suffix:
            message = f"{file.name}: unknown kind of file {suffix!r}; use .parquet, .ndjson, .jsonl"
            raise ValueError(message)


def _answer(row: Any) -> FileAnswer:  # noqa: ANN401  (a line of JSON may be anything)
    if not isinstance(row, Mapping):
        raise _BadRowError("is no JSON object")
    status = _string(row, "status") or COMPLETED
    text = _string(row, "text")
    if text is None and status == COMPLETED:
        raise _BadRowError("text is missing although the status is completed")
    return FileAnswer(
        job=_name(row, "job"),
        region=_name(row, "region"),
        model=_name(row, "model"),
        question=_name(row, "question"),
        text=text,
        status=status,
        bias_score=_number(row, "bias_score"),
        started_at=_time(row, "started_at"),
        completed_at=_time(row, "completed_at"),
        created_at=_time(row, "created_at"),
    )


def _string(row: Mapping[str, Any], column: str) -> str | None:
    value = row.get(column)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _BadRowError(f"{column} is no text")
    if "\0" in value:
        raise _BadRowError(f"{column} holds a NUL character, which Postgres cannot store")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _BadRowError(f"{column} is no valid Unicode: {error.reason}") from error
    return value


def _name(row: Mapping[str, Any], column: str) -> str:
    value = _string(row, column)
    if not value or not value.strip():
        raise _BadRowError(f"{column} is missing")
    if len(value) > LONGEST[column]:
        raise _BadRowError(f"{column} is longer than {LONGEST[column]} characters")
    return value


def _number(row: Mapping[str, Any], column: str) -> float | None:
    value = row.get(column)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise _BadRowError(f"{column} is no number")
    return float(value)


def _time(row: Mapping[str, Any], column: str) -> datetime | None:
    value = row.get(column)
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise _BadRowError(f"{column} is no ISO time") from error
    if not isinstance(value, datetime):
        raise _BadRowError(f"{column} is no time")
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
