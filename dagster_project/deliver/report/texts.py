"""Texts that others wrote, made fit to be looked at and compared. Knows nothing about HTML.

Belongs here: which words differ. Does not belong here: escaping, which the templates do for every
value, and signs for what would deceive a reader (`dagster_project.console`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

MAX_COMPARED_WORDS = 1_200
"""Words of a text that are compared; aligning takes time that grows with their square."""

LONGEST_WORD = 60
"""Characters that a first part may stay short by, to end with a word."""

_WORD = re.compile(r"[㐀-鿿豈-﫿]|[^\W㐀-鿿豈-﫿]+")


@dataclass(frozen=True)
class Piece:
    """A stretch of a text.

    Attributes:
        text: The characters.
        differs: Whether the text that it is compared with has other words in this place.
    """

    text: str
    differs: bool


def pieces(text: str, reference: str | None) -> tuple[Piece, ...]:
    """Cut a text where its words begin or cease to differ from another text's.

    Words are compared without regard to case; of Chinese, every character is a word.

    Returns:
        Pieces that together are the text. A single one that does not differ when there is no
        reference, or when either text has more than `MAX_COMPARED_WORDS` words.
    """
    if not text:
        return ()
    if reference is None or not is_compared(text, reference):
        return (Piece(text, differs=False),)
    words = list(_WORD.finditer(text))
    shared = _shared([word.group() for word in words], _WORD.findall(reference))
    return tuple(_merged(text, words, [index not in shared for index in range(len(words))]))


def _shared(words: Sequence[str], others: Sequence[str]) -> set[int]:
    """Return the positions of the words that stand in the same order in both lists."""
    folded, others_folded = ([one.casefold() for one in some] for some in (words, others))
    # Words that make up most of a long text are left out below, so that it takes no minutes.
    if folded == others_folded:
        return set(range(len(words)))
    blocks = SequenceMatcher(None, folded, others_folded).get_matching_blocks()
    return {index for block in blocks for index in range(block.a, block.a + block.size)}


def is_compared(text: str, reference: str) -> bool:
    """Tell whether `pieces` compares two texts: both have at most `MAX_COMPARED_WORDS` words."""
    return all(len(_WORD.findall(one)) <= MAX_COMPARED_WORDS for one in (text, reference))


def _merged(text: str, words: Sequence[re.Match[str]], differs: Sequence[bool]) -> Iterator[Piece]:
    end = 0
    for differ, group in groupby(zip(words, differs, strict=True), key=lambda pair: pair[1]):
        stretch = [word for word, _ in group]
        start = stretch[0].start() if differ else end
        if start > end:
            yield Piece(text[end:start], differs=False)
        end = stretch[-1].end()
        yield Piece(text[start:end], differs=differ)
    if end < len(text):
        yield Piece(text[end:], differs=False)


def split(parts: Sequence[Piece], characters: int) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Divide pieces into the first characters, up to the end of a word, and the rest."""
    text = "".join(piece.text for piece in parts)
    room = characters
    if len(text) > characters:
        # A text without spaces, such as Chinese, is cut at the character.
        space = max(text.rfind(" ", 0, characters + 1), text.rfind("\n", 0, characters + 1))
        room = space if space > max(0, characters - LONGEST_WORD) else characters
    first: list[Piece] = []
    rest: list[Piece] = []
    for piece in parts:
        if piece.text[:room]:
            first.append(Piece(piece.text[:room], piece.differs))
        if piece.text[room:]:
            rest.append(Piece(piece.text[room:], piece.differs))
        room = max(0, room - len(piece.text))
    return tuple(first), tuple(rest)
