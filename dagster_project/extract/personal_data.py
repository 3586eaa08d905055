"""Personal data: what it is and how it leaves a row. Pure; knows nothing of tables or databases.

Wallet keys are dropped from JSON at any depth, whatever their spelling. Their values, and anything
that looks like an Ethereum address or signature, are replaced wherever else the row holds them. A
model's answer is evidence: in it only values known to be somebody's are replaced.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Redactor:
    """Replaces personal data in the strings of one row.

    Attributes:
        secrets: Values of the row's own personal keys, lower case.
        known_secrets: Addresses and signatures of any row so far, lower case.
    """

    secrets: set[str]
    known_secrets: set[str]

    def finds_own_secret(self, text: str) -> bool:
        folded = text.lower()
        return any(secret in folded for secret in self.secrets)

    def text(self, text: str) -> str:
        """Replace the row's secrets and all that looks like an address or signature."""
        if len(text) < _SHORTEST_SECRET:
            return text
        return _HEX_SECRET.sub(REDACTED, self._without_own_secrets(text))

    def answer(self, text: str) -> str:
        """Replace only what is known to be somebody's."""
        return _HEX_SECRET.sub(
            lambda match: REDACTED if match[0].lower() in self.known_secrets else match[0],
            self._without_own_secrets(text),
        )

    def _without_own_secrets(self, text: str) -> str:
        if not self.finds_own_secret(text):
            return text
        # Longest first: one secret may contain another.
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = re.sub(re.escape(secret), REDACTED, text, flags=re.IGNORECASE)
        return text


def may_hold_personal_data(text: str) -> bool:
    """Tell cheaply whether a row needs `strip_row` at all.

    Returns:
        False only when nothing in it is a personal key, address or signature. Escapes count as
        suspicious: jsonb writes hardly any, json and text keep a key as its writer spelt it.
    """
    return bool(
        _SECRET_KEY_IN_JSON.search(text) or _HEX_SECRET.search(text) or _HIDING_ESCAPE.search(text)
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
    redactor = _Redactor(secrets, known_secrets)
    return [
        _strip_value(field, value, document, redactor)
        for field, value, document in zip(fields, values, documents, strict=True)
    ]


def _strip_value(
    field: Field, value: str | None, document: _Document | None, redactor: _Redactor
) -> str | None:
    if value is None or field.kind is Kind.OTHER:
        return value
    if field.kind is Kind.TEXT:
        return redactor.text(value)
    if document is None:
        if not redactor.finds_own_secret(value):
            return value
        document = _parse(field, value, set())
    with _naming(field):
        return _render(
            document.content, redactor, spare_answers=field.kind is Kind.JSON_WITH_ANSWER
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
    elif isinstance(value, str) and len(value) >= _SHORTEST_SECRET and key.lower() != "nonce":
        yield value.lower()


def _number(text: str) -> _Number:
    if _HUGE_EXPONENT.search(text):
        raise UnreadableJsonError("holds a number beyond the range of numeric")
    return _Number(text)


def _refuse_constant(_: str) -> object:
    raise UnreadableJsonError("holds NaN or Infinity, which JSON does not have")


def _render(value: object, redactor: _Redactor, *, spare_answers: bool, key: str = "") -> str:
    """Write JSON, each string redacted; ``key`` is the nearest object key above the value."""
    if isinstance(value, _Number):
        return value
    if isinstance(value, str):
        is_answer = spare_answers and key in _ANSWER_KEYS
        return _quote(redactor.answer(value) if is_answer else redactor.text(value))
    if isinstance(value, list):
        items = [_render(item, redactor, spare_answers=spare_answers, key=key) for item in value]
        return f"[{', '.join(items)}]"
    if isinstance(value, dict):
        members = [
            _quote(redactor.text(name))
            + ": "
            + _render(
                member,
                redactor,
                spare_answers=spare_answers and name not in _NEVER_ANSWERS,
                key=name,
            )
            for name, member in value.items()
        ]
        return f"{{{', '.join(members)}}}"
    return _encode(value)


def _quote(text: str) -> str:
    if "\0" in text:
        raise UnreadableJsonError(r"holds a NUL escape (\u0000)")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UnreadableJsonError(r"holds half of a surrogate pair (\ud800 to \udfff)") from None
    return _encode(text)
