r"""Postgres's COPY text format: one line per row, fields between tabs, ``\N`` for NULL."""

import re
from collections.abc import Iterable

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
