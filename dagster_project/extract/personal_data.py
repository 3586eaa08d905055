"""Personal data: what it is and how it leaves a row. Pure; knows nothing of tables or databases.

Wallet keys are dropped from JSON at any depth, whatever their spelling. Their values, and anything
that looks like an Ethereum address or signature, are replaced wherever else the row holds them. A
model's answer is evidence: in it only values known to be somebody's are replaced.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import NamedTuple

REDACTED = "[redacted]"

_SECRET_KEY = re.compile(
    r"wallet[_\- ]?auth|wallet[_\- ]?address|nonce|signature|public[_\- ]?key", re.IGNORECASE
)
_SECRET_KEY_IN_JSON = re.compile(rf'"(?:{_SECRET_KEY.pattern})"', re.IGNORECASE)
_HEX_SECRET = re.compile(r"0[xX][0-9a-fA-F]{40,}")
_SHORTEST_SECRET = 8
"""Shorter values are too common to be looked for in other texts."""

_ANSWER_KEYS = frozenset(
    {"response", "responses", "answer", "text", "text_output", "content", "output", "data"}
)
_NEVER_ANSWERS = frozenset({"metadata", "receipt", "failure", "error"})

_HIDING_ESCAPE = re.compile(r"\\[u/]")
_encode = json.JSONEncoder(ensure_ascii=False).encode

_HUGE_EXPONENT = re.compile(r"[eE][+-]?0*[1-9][0-9]{4}")

_Redact = Callable[[str, bool], str]
"""Text and whether it is a model's answer → the text without personal data."""


class UnreadableJsonError(ValueError):
    """JSON text that Postgres cannot store as jsonb; the message holds nothing of the text."""


class Kind(Enum):
    """How personal data is looked for in a column."""

    JSON = "json"
    JSON_WITH_ANSWER = "json with answer"
    TEXT = "text"
    OTHER = "other"


_JSON_KINDS = frozenset({Kind.JSON, Kind.JSON_WITH_ANSWER})


class _Document(NamedTuple):
    """A parsed JSON value; None is JSON's null."""

    content: object


class _Number(str):
    """A JSON number as written: floats and decimals would change its digits."""

    __slots__ = ()


def may_hold_personal_data(text: str) -> bool:
    """Tell cheaply whether a row needs `strip_row` at all.

    Args:
        text: A row or value as text.

    Returns:
        False only when nothing in it is a personal key, address or signature. Escapes count as
        suspicious: jsonb writes hardly any, json and text keep a key as its writer spelt it.
    """
    return bool(
        _SECRET_KEY_IN_JSON.search(text)
        or _HEX_SECRET.search(text)
        or _HIDING_ESCAPE.search(text)
    )


class Field(NamedTuple):
    """A column as `strip_row` sees it."""

    name: str
    kind: Kind


def strip_row(
    fields: Sequence[Field], values: Sequence[str | None], known_secrets: set[str]
) -> list[str | None]:
    """Remove personal data from one row.

    Args:
        fields: The columns.
        values: Text of each column, None for NULL.
        known_secrets: Addresses and signatures of earlier rows, lower case; this row's are added.

    Returns:
        The texts in the same order. JSON keeps its numbers digit by digit.

    Raises:
        UnreadableJsonError: A JSON value cannot be stored as jsonb; the message names the column.
    """
    secrets: set[str] = set()
    documents = [
        _parse(field, value, secrets)
        if value is not None and field.kind in _JSON_KINDS and may_hold_personal_data(value)
        else None
        for field, value in zip(fields, values, strict=True)
    ]
    known_secrets.update(secret for secret in secrets if _HEX_SECRET.fullmatch(secret))
    redact = _redactor(secrets, known_secrets)
    return [
        _strip_value(field, value, document, redact)
        for field, value, document in zip(fields, values, documents, strict=True)
    ]


def _strip_value(
    field: Field, value: str | None, document: _Document | None, redact: _Redact
) -> str | None:
    if value is None or field.kind is Kind.OTHER:
        return value
    if field.kind is Kind.TEXT:
        return redact(value, False)
    if document is None:
        if redact(value, True) == value:
            return value
        document = _parse(field, value, set())
    with _naming(field):
        return _render(document.content, redact, field.kind is Kind.JSON_WITH_ANSWER)


@contextmanager
def _naming(field: Field) -> Iterator[None]:
    """Turn what JSON can do wrong into an error that names the column and quotes nothing."""
    try:
        yield
    except json.JSONDecodeError:
        message = f"{field.name} is not valid JSON"
        raise UnreadableJsonError(message) from None
    except RecursionError:
        message = f"{field.name} is nested too deeply"
        raise UnreadableJsonError(message) from None
    except UnreadableJsonError as error:
        message = f"{field.name} {error}"
        raise UnreadableJsonError(message) from None


def _redactor(secrets: set[str], known_secrets: set[str]) -> _Redact:
    def only_known(match: re.Match[str]) -> str:
        return REDACTED if match[0].lower() in known_secrets else match[0]

    def redact(text: str, is_answer: bool) -> str:
        if len(text) < _SHORTEST_SECRET:
            return text
        folded = text.lower()
        # Longest first: one secret may contain another.
        for secret in sorted(filter(folded.__contains__, secrets), key=len, reverse=True):
            text = re.sub(re.escape(secret), REDACTED, text, flags=re.IGNORECASE)
        return _HEX_SECRET.sub(only_known if is_answer else REDACTED, text)

    return redact


def _parse(field: Field, text: str, secrets: set[str]) -> _Document:
    """Parse JSON without its personal keys; their values go to ``secrets``."""

    def strip_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
        kept = {}
        for key, value in pairs:
            if _SECRET_KEY.fullmatch(key):
                secrets.update(_secret_values(key, value))
            else:
                kept[key] = value
        return kept

    with _naming(field):
        return _Document(
            json.loads(
                text,
                object_pairs_hook=strip_object,
                parse_int=_Number,
                parse_float=_number,
                parse_constant=_refuse_constant,
            )
        )


def _secret_values(key: str, value: object) -> Iterator[str]:
    """Yield what identifies somebody: not the nonce, which is short and means nothing alone."""
    if isinstance(value, dict):
        for inner_key, inner in value.items():
            if inner_key.lower() == "address":
                yield from _secret_values(inner_key, inner)
    elif (
        isinstance(value, str) and len(value) >= _SHORTEST_SECRET and key.lower() != "nonce"
    ):
        yield value.lower()


def _number(text: str) -> _Number:
    if _HUGE_EXPONENT.search(text):
        message = "holds a number beyond the range of numeric"
        raise UnreadableJsonError(message)
    return _Number(text)


def _refuse_constant(_: str) -> object:
    message = "holds NaN or Infinity, which JSON does not have"
    raise UnreadableJsonError(message)


def _render(value: object, redact: _Redact, spare_answers: bool, key: str = "") -> str:
    """Write JSON, each string redacted; ``key`` is the nearest object key above the value."""
    if isinstance(value, _Number):
        return value
    if isinstance(value, str):
        return _quote(redact(value, spare_answers and key in _ANSWER_KEYS))
    if isinstance(value, list):
        items = [_render(item, redact, spare_answers, key) for item in value]
        return f"[{', '.join(items)}]"
    if isinstance(value, dict):
        members = [
            f"{_quote(redact(name, False))}: "
            + _render(member, redact, spare_answers and name not in _NEVER_ANSWERS, name)
            for name, member in value.items()
        ]
        return f"{{{', '.join(members)}}}"
    return _encode(value)


def _quote(text: str) -> str:
    if "\0" in text:
        message = r"holds a NUL escape (\u0000)"
        raise UnreadableJsonError(message)
    try:
        text.encode()
    except UnicodeEncodeError:
        message = r"holds half of a surrogate pair (\ud800 to \udfff)"
        raise UnreadableJsonError(message) from None
    return _encode(text)
