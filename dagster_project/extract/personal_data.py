"""What of a row is copied: JSON by the paths of ``allowed_paths.yaml``, texts without secrets.

Pure; knows nothing of tables or databases. What a secret is: `secrets`.
"""

import json
import math
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

import yaml

from dagster_project.extract.secrets import OTHER_PATH, redact

ALLOWED_PATHS_FILE = Path(__file__).with_name("allowed_paths.yaml")

TEXT, KEY, VALUE = "text", "key", "value"
_FITTING = {None: (), TEXT: (str,), KEY: (str,), VALUE: (int, float, bool)}
"""Types of JSON's values that a scalar of a shape may always have."""
_ITSELF, _ANY_NAME = ".", "*"
_LARGEST, _MOST_DIGITS = sys.float_info.max, sys.float_info.max_10_exp
# As rules.number_at and rules.time_at read them.
_VALUE = (
    r"-?[0-9]{1,15}(?:\.[0-9]{1,20})?|true|false"
    r"|[12][0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)
_VALUE_AS_TEXT = re.compile(_VALUE)
_TELLING_NAME = re.compile(
    r"wallet|addr|sig$|signature|pubkey|publickey|privatekey|apikey|secret|passw|token|auth|owner"
)
_OWN_VALUE = re.compile(r"(?=.{8})(?=.*[^a-z -])", re.DOTALL)
"""What is looked for in other texts: shorter values and mere words are too common."""

_encode = json.JSONEncoder(ensure_ascii=False).encode


class UnreadableJsonError(ValueError):
    """JSON text that Postgres cannot store as jsonb; the message holds nothing of the text."""


class Kind(Enum):
    """How a column is copied."""

    JSON = "json"
    TEXT = "text"
    KEY = "key"  # a text that rows are told apart by
    OTHER = "other"


class Shape(NamedTuple):
    """What is copied of a JSON value; a list has the shape of its elements.

    Attributes:
        scalar: ``text``, ``key`` or ``value`` where the value itself may be one; else None.
        rest: Shape of the members that `members` does not name; None: they are not copied.
    """

    scalar: str | None
    members: Mapping[str, "Shape"]
    rest: "Shape | None"

    def of(self, name: str) -> "Shape | None":
        """Return the shape of a member; None: it is not copied."""
        return self.members.get(name, self.rest)


Tree: TypeAlias = "str | Mapping[str, Tree]"
"""What ``allowed_paths.yaml`` says of a column."""

NOTHING = Shape(None, {}, None)


class Field(NamedTuple):
    """A column as `copied_paths` sees it."""

    name: str
    kind: Kind
    shape: Shape = NOTHING


class _Number(str):
    """A JSON number as written: floats and decimals would change its digits."""

    __slots__ = ()


class _Rest(Enum):
    """Stands for a value that is not copied."""

    DROPPED = "dropped"


@cache
def allowed_shapes() -> Mapping[str, Shape]:
    """Return ``allowed_paths.yaml``: shape by ``table.column``; no other JSON is copied."""
    columns = yaml.safe_load(ALLOWED_PATHS_FILE.read_text(encoding="utf-8"))["columns"]
    return {name: _shape(tree) for name, tree in columns.items()}


def _shape(tree: Tree) -> Shape:
    if isinstance(tree, str):
        return Shape(tree, {}, None)
    shapes = {name: _shape(below) for name, below in tree.items()}
    itself, rest = shapes.pop(_ITSELF, NOTHING), shapes.pop(_ANY_NAME, None)
    return Shape(itself.scalar, shapes, rest)


JSON_STRING = r'"(?:[^"\\]|\\\\(?:[^\\]|\\\\))*"'
"""A text or name of JSON in a line of COPY, which doubles backslashes; for Rust's expressions."""
_VALUE_AS_JSON = rf'null|true|false|-?[0-9]{{1,300}}(?:\.[0-9]+)?(?-u:\b)|"(?:{_VALUE})"'


def copied_whole(shape: Shape) -> str:
    """Return an expression (Rust's) that JSON of a line of COPY fits when all of it is copied.

    The JSON is valid, so that commas and brackets need no counting. Written with more white space
    than Postgres or Go write it, it does not fit, although nothing is left out.
    """
    return f"^(?:{_whole(shape)})$"


def _whole(shape: Shape) -> str:
    scalar = {None: "null", VALUE: _VALUE_AS_JSON}.get(shape.scalar, f"null|{JSON_STRING}")
    named = [f'{re.escape(name)}": ?{_whole(below)}' for name, below in shape.members.items()]
    members = [f'"(?:{"|".join(named)})'] if named else []
    if shape.rest is not None:
        members.append(f"{JSON_STRING}: ?{_whole(shape.rest)}")
    return rf"(?:[\[\], ]|{scalar}|\{{(?:{'|'.join(members)})*\}})*"


def copied_paths(
    fields: Sequence[Field], values: Sequence[str | None], removed: Counter[str]
) -> tuple[list[str | None], set[str]]:
    """Leave out of a row's JSON what is not copied; its numbers keep their digits.

    Args:
        values: Text of each column, None for NULL.
        removed: Counts by kind; what is left out is added.

    Returns:
        The texts in the same order, and what telling names held, lower case: nothing that is
        copied may repeat it.

    Raises:
        UnreadableJsonError: A JSON value cannot be stored as jsonb; the message names the column.
    """
    own_values: set[str] = set()
    kept = [
        _copied(field, value, removed, own_values)
        if value is not None and field.kind is Kind.JSON
        else value
        for field, value in zip(fields, values, strict=True)
    ]
    return kept, own_values


def without_secrets(
    fields: Sequence[Field],
    values: Sequence[str | None],
    removed: Counter[str],
    own_values: Collection[str],
) -> list[str | None]:
    """Redact the texts of a row, and those within its JSON.

    Args:
        values: As `copied_paths` returns them.
        removed: Counts by kind; what is replaced is added.
        own_values: As `copied_paths` returns them.
    """
    # Longest first: one secret may contain another.
    secrets = sorted(own_values, key=len, reverse=True)
    return [
        _redacted(field, value, removed, secrets)
        for field, value in zip(fields, values, strict=True)
    ]


def _redacted(
    field: Field, value: str | None, removed: Counter[str], secrets: Sequence[str]
) -> str | None:
    if value is None or field.kind is Kind.OTHER:
        return value
    if field.kind is not Kind.JSON:
        return redact(value, removed, secrets, is_key=field.kind is Kind.KEY)
    with _naming(field):
        return _render(
            _parsed(value)[0],
            field.shape,
            lambda text, is_key: redact(text, removed, secrets, is_key=is_key),
        )


@contextmanager
def _naming(field: Field) -> Iterator[None]:
    """Turn what JSON can do wrong into an error that names the column and quotes nothing."""
    try:
        yield
    except json.JSONDecodeError:
        raise UnreadableJsonError(f"{field.name} is not valid JSON") from None
    except RecursionError:
        raise UnreadableJsonError(f"{field.name} is nested too deeply") from None
    except UnreadableJsonError as error:
        raise UnreadableJsonError(f"{field.name} {error}") from None


def _copied(field: Field, text: str, removed: Counter[str], own_values: set[str]) -> str:
    """Parse JSON and write what is allowed of it; what telling names held goes to own_values."""
    with _naming(field):
        document, has_odd_numbers = _parsed(text)
        kept = _project(document, field.shape, removed, own_values)
        if kept is _Rest.DROPPED:
            return '""'  # that there was a value is no secret
        written = None if has_odd_numbers else _encode(kept)
        if written is None or r"\u0000" in written or not _is_unicode(written):
            written = _render(kept, field.shape, lambda text, _: text)
        return written


def _parsed(text: str) -> tuple[object, bool]:
    """Return JSON, and whether a number of it must be written as it came; NaN is absent."""
    odd: list[str] = []

    def number(text: str) -> float | _Number | None:
        size = float(text)
        if repr(size) == text:
            return size
        odd.append(text)
        vanishes = size == 0 and re.search("[1-9]", text.lower().split("e")[0]) is not None
        return None if math.isinf(size) or vanishes else _Number(text)

    def integer(text: str) -> object:
        return int(text) if len(text) <= _MOST_DIGITS and text != "-0" else number(text)

    document = json.loads(
        text, parse_int=integer, parse_float=number, parse_constant=lambda _: None
    )
    return document, bool(odd)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _project(value: object, shape: Shape, removed: Counter[str], own_values: set[str]) -> object:
    if isinstance(value, dict):
        members = {}
        for name, member in value.items():
            below = shape.members.get(name, shape.rest)
            if below is None:
                removed[OTHER_PATH] += 1
                own_values.update(_telling_values(name, member))
            elif type(member) in _FITTING[below.scalar]:
                members[name] = member  # as most are
            else:
                kept = _project(member, below, removed, own_values)
                if kept is not _Rest.DROPPED:
                    members[name] = kept
        return members
    if isinstance(value, list):
        items = [_project(item, shape, removed, own_values) for item in value]
        return [item for item in items if item is not _Rest.DROPPED]
    is_text = isinstance(value, str) and not isinstance(value, _Number)
    fits = _is_text_of(str(value), shape) if is_text else shape.scalar == VALUE
    if value is None or fits:
        return value
    removed[OTHER_PATH] += 1
    return _Rest.DROPPED


def _is_text_of(text: str, shape: Shape) -> bool:
    if shape.scalar == VALUE:
        return _VALUE_AS_TEXT.fullmatch(text) is not None
    return shape.scalar is not None


def _telling_values(name: str, value: object) -> Iterator[str]:
    """Yield what identifies somebody or opens a door, lower case, wherever else the row says it."""
    if not _is_telling(name):
        return
    if isinstance(value, dict):
        for inner_name, inner in value.items():
            yield from _telling_values(inner_name, inner)
    elif isinstance(value, str) and _OWN_VALUE.search(value):
        yield value.lower()


@lru_cache(maxsize=4_096)
def _is_telling(name: str) -> bool:
    plain = re.sub(r"\W|_", "", unicodedata.normalize("NFKC", name)).lower()
    return _TELLING_NAME.search(plain) is not None


def _render(value: object, shape: Shape, written: Callable[[str, bool], str]) -> str:
    """Write JSON; ``written`` says what stands for a text, which may be a key."""
    if isinstance(value, _Number):
        return value
    if isinstance(value, str):
        return _quote(written(value, shape.scalar == KEY))
    if isinstance(value, list):
        return f"[{', '.join(_render(item, shape, written) for item in value)}]"
    if isinstance(value, dict):
        members = [
            f"{_quote(written(name, False))}: "  # noqa: FBT003  a name is no key of rows
            f"{_render(member, shape.of(name) or NOTHING, written)}"
            for name, member in value.items()
        ]
        return f"{{{', '.join(members)}}}"
    return _encode(value)


def _quote(text: str) -> str:
    if "\0" in text:
        raise UnreadableJsonError(r"holds a NUL escape (\u0000)")
    if not _is_unicode(text):
        raise UnreadableJsonError(r"holds half of a surrogate pair (\ud800 to \udfff)")
    return _encode(text)
