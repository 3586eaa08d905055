"""One row on its way: from a line of ``window_rows.sql`` to a line that ``raw.*`` takes.

Belongs here: per-row rules. Does not belong here: sessions and transactions. Nearly every line
passes through as it came in; only those that hold more than is copied are written anew.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from operator import not_
from typing import NamedTuple

import polars as pl
from psycopg.abc import Buffer

from dagster_project.batches import in_batches
from dagster_project.extract.personal_data import (
    JSON_STRING,
    NOTHING,
    Field,
    Kind,
    UnreadableJsonError,
    allowed_shapes,
    copied_paths,
    copied_whole,
    without_secrets,
)
from dagster_project.extract.schema import Column, TableShape
from dagster_project.extract.secrets import may_hold_secrets, redact

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
_TO_TEXT = {escape: character for character, escape in _ESCAPES.items()}
_JSON_TO_TEXT = {r"\\\\": "\\", r'\\"': '"'} | {
    f"\\{escape}": character for character, escape in _ESCAPES.items() if character != "\\"
}
"""What a line of COPY writes for characters of a text, and for those of a text within JSON."""
_HAS_CONTROLS = re.compile("[\b\f\n\r\t\v]")
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
    return [_decode(field) for field in line.split("\t")]


def _decode(field: str) -> str | None:
    if field == NULL:
        return None
    backslashes = field.count("\\")
    if backslashes == 2 * field.count("\\\\"):  # JSON as a rule: each one is doubled
        return field.replace("\\\\", "\\") if backslashes else field
    return _ESCAPED.sub(_character, field)


def encode_line(values: Iterable[str | None]) -> str:
    r"""Join values into one line; the inverse of `decode_line`.

    Args:
        values: Values as text, None for NULL.

    Examples:
        >>> encode_line(["7", None, "a\tb"]) == r"7	\N	a\tb"
        True
    """
    return "\t".join(NULL if value is None else _encode(value) for value in values)


def _encode(value: str) -> str:
    if _HAS_CONTROLS.search(value):
        return value.translate(_TO_ESCAPES)
    return value.replace("\\", r"\\")  # JSON as a rule, and thrice as fast


def _character(match: re.Match[str]) -> str:
    return _CHARACTERS.get(match[1], match[1])


_KEY_COLUMNS = frozenset(
    {"jobspec_id", "question_id", "model_id", "provider_id", "region", "region_a", "region_b"}
)
_TEXTS = (Kind.TEXT, Kind.KEY)
_ROW, _PROBLEM = " row", " problem"  # no names of columns
_SPELLED = re.compile(r'["\\\x00-\x1f]')
"""Characters that JSON or COPY write as others."""
_CHUNK_ROWS, _CHUNK_CHARACTERS = 1_000, 4_000_000
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

    readable: list[Row]
    unreadable: list[UnreadableRow]


class _Copied(NamedTuple):
    """A line of which JSON is copied by its paths.

    Attributes:
        own_values: What the paths that are not copied held that names somebody.
    """

    row: Row
    text: str
    own_values: Collection[str]

    def may_repeat_own_value(self) -> bool:
        folded = self.text.lower() if self.own_values else ""
        return any(value in folded or _SPELLED.search(value) for value in self.own_values)


class _Reader:
    """Reads the lines of one table in two steps, so that many are searched for secrets at once."""

    def __init__(self, table: TableShape, removed: Counter[tuple[str, str]]) -> None:
        self.table = table
        self.removed = removed
        self.fields = [*(_field(table.name, column) for column in table.columns), _JOB_DAY]
        self.places = {field.name: place for place, field in enumerate(self.fields)}
        self.texts = [field.name for field in self.fields if field.kind in _TEXTS]
        self.documents = {
            field.name: copied_whole(field.shape)
            for field in self.fields
            if field.kind is Kind.JSON
        }

    def rows(self, lines: Sequence[str]) -> Iterator[Row | UnreadableRow]:
        """Read lines, each of them beginning with what is wrong with its row."""
        values = self._split(lines)
        fits = values.select(
            pl.col(_PROBLEM) == NULL,
            *(
                (pl.col(name) == NULL) | pl.col(name).str.contains(pattern)
                for name, pattern in self.documents.items()
            ),
        )
        is_whole = fits.select(pl.all_horizontal(pl.all())).to_series()
        whole = [_copied_line(line.partition("\t")[2]) for line in compress(lines, is_whole)]
        yield from self._searched(whole, values.filter(is_whole))
        others = [
            self.copied(line, compress(self.documents, map(not_, fitting)))
            for line, (_, *fitting) in zip(
                compress(lines, ~is_whole), fits.filter(~is_whole).rows(), strict=True
            )
        ]
        yield from (one for one in others if isinstance(one, UnreadableRow))
        copies = [one for one in others if isinstance(one, _Copied)]
        yield from self._searched(copies, self._split([f"\t{one.text}" for one in copies]))

    def _searched(
        self, copies: Sequence[_Copied], values: pl.DataFrame
    ) -> Iterator[Row | UnreadableRow]:
        for copy, is_suspect in zip(copies, self._suspects(values), strict=True):
            is_clean = not is_suspect and not copy.may_repeat_own_value()
            yield copy.row if is_clean else self.redacted(copy)

    def _split(self, lines: Sequence[str]) -> pl.DataFrame:
        names = [_PROBLEM, *(field.name for field in self.fields)]
        values = pl.Series(lines, dtype=pl.String).str.split_exact("\t", len(names) - 1)
        return values.struct.rename_fields(names).struct.unnest()

    def _suspects(self, values: pl.DataFrame) -> list[bool]:
        """Tell which rows may hold a secret.

        Texts are searched as they are meant: a word behind a line break begins a word. Rows share
        most of their texts, and a row often holds its answer thrice, so each is searched once.
        """
        numbered = values.with_row_index(_ROW)
        columns = numbered.unpivot(self.texts, index=_ROW, value_name="text").select(_ROW, "text")
        strings = [
            numbered.select(_ROW, text=pl.col(name).str.extract_all(JSON_STRING)).explode("text")
            for name in self.documents
        ]
        none = pl.DataFrame(schema={_ROW: pl.UInt32, "text": pl.String})
        texts = pl.concat([none, columns]), pl.concat([none, *strings])
        distinct = pl.concat(map(_meant, texts, (_TO_TEXT, _JSON_TO_TEXT)))
        suspects = distinct.filter(may_hold_secrets(distinct["meant"]))["text"]
        rows = set(pl.concat(texts).filter(pl.col("text").is_in(suspects.to_list()))[_ROW])
        return [row in rows for row in range(len(values))]

    def copied(self, text: str, documents: Iterable[str]) -> _Copied | UnreadableRow:
        """Leave out of a line what is not copied of some of its JSON."""
        problem, _, line = text.partition("\t")
        if problem == NULL:
            counts: Counter[str] = Counter()
            values = line.split("\t")
            places = [self.places[name] for name in documents]
            try:
                kept, own_values = copied_paths(
                    [self.fields[place] for place in places],
                    [_decode(values[place]) for place in places],
                    counts,
                )
            except UnreadableJsonError as error:
                problem = str(error)
            else:
                for place, value in zip(places, kept, strict=True):
                    values[place] = encode_line([value])
                copy = _copied_line("\t".join(values), own_values)
                self._count(copy.row.job_day, counts)
                return copy
        return self._unreadable(line, problem)

    def undecodable(self, data: bytes) -> UnreadableRow:
        """Name the column with bytes that are no UTF-8, which a database in SQL_ASCII lets in."""
        _, *values = data.removesuffix(b"\n").split(b"\t")
        bad = next(
            field.name
            for field, value in zip(self.fields, values, strict=True)
            if value.decode(errors="replace").encode() != value
        )
        line = "\t".join(value.decode(errors="replace") for value in values)
        return self._unreadable(line, f"{bad} is not valid UTF-8")

    def _unreadable(self, line: str, reason: str) -> UnreadableRow:
        source_id, job_day = line.partition("\t")[0], line.rpartition("\t")[2]
        return UnreadableRow(source_id, job_day, reason, parent_id(self.table, line))

    def redacted(self, copy: _Copied) -> Row | UnreadableRow:
        counts: Counter[str] = Counter()
        row = copy.row
        try:
            values = without_secrets(self.fields, decode_line(copy.text), counts, copy.own_values)
        except UnreadableJsonError as error:
            parent = parent_id(self.table, copy.text)
            return UnreadableRow(row.source_id, row.job_day, str(error), parent)
        self._count(row.job_day, counts)
        return replace(row, line=f"{encode_line(values)}\n".encode())

    def _count(self, job_day: str, counts: Counter[str]) -> None:
        self.removed.update({(job_day, kind): count for kind, count in counts.items()})


def _copied_line(line: str, own_values: Collection[str] = ()) -> _Copied:
    source_id, job_day = line[: line.index("\t")], line[line.rindex("\t") + 1 :]
    return _Copied(Row(source_id, job_day, f"{line}\n".encode()), line, own_values)


def _meant(texts: pl.DataFrame, escapes: Mapping[str, str]) -> pl.DataFrame:
    """Return each text once, and what it means."""
    distinct = texts.select("text").drop_nulls().unique()
    return distinct.with_columns(meant=pl.col("text").str.replace_many(escapes, leftmost=True))


def read_rows(
    table: TableShape, lines: Iterable[Buffer], removed: Counter[tuple[str, str]]
) -> Iterator[Row | UnreadableRow]:
    """Read the lines of one table.

    Args:
        removed: Counts by job_day and kind of what is not copied; grows as rows are read.
    """
    reader = _Reader(table, removed)
    for chunk in _chunks(lines):
        texts = [text for text in chunk if isinstance(text, str)]
        yield from (reader.undecodable(text) for text in chunk if isinstance(text, bytes))
        yield from reader.rows(texts)


def _chunks(lines: Iterable[Buffer]) -> Iterator[list[str | bytes]]:
    """Group lines, so that many are searched at once and few are in memory.

    Those that are no UTF-8 stay bytes, the others lose their ends.
    """
    chunk: list[str | bytes] = []
    size = 0
    for data in lines:
        try:
            chunk.append(str(data, "utf-8").removesuffix("\n"))
        except UnicodeDecodeError:
            chunk.append(bytes(data))
        size += len(chunk[-1])
        if size >= _CHUNK_CHARACTERS or len(chunk) >= _CHUNK_ROWS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def parent_id(table: TableShape, line: str) -> str | None:
    """Return what the row of a line belongs to, as it is copied."""
    column = _PARENTS.get(table.name, "jobspec_id")
    place = [one.name for one in table.columns].index(column)
    value = _decode(line.split("\t", place + 1)[place])
    return None if value is None else redact(value, Counter(), is_key=True)


def batches(rows: Iterable[Row | UnreadableRow], batch_rows: int) -> Iterator[Batch]:
    """Group rows so that a bounded number of rows and bytes is in memory.

    Args:
        rows: Rows in any order.
        batch_rows: Most rows of a batch.

    Yields:
        Batches of at least one row.
    """
    for held in in_batches(rows, batch_rows, _size):
        readable = [row for row in held if isinstance(row, Row)]
        yield Batch(readable, [row for row in held if isinstance(row, UnreadableRow)])


def _size(row: Row | UnreadableRow) -> int:
    return len(row.line) if isinstance(row, Row) else 0


def _field(table: str, column: Column) -> Field:
    if column.type_name == "jsonb":
        shape = allowed_shapes().get(f"{table}.{column.name}", NOTHING)
        return Field(column.name, Kind.JSON, shape)
    if column.type_name != "text":
        return Field(column.name, Kind.OTHER)
    return Field(column.name, Kind.KEY if column.name in _KEY_COLUMNS else Kind.TEXT)
