"""The words of texts, and how often each text of a group uses each word.

Belongs here: cutting texts into words (the runner's way and ours) and counting. Does not belong
here: which texts are compared. A word is known by its 64-bit hash from here on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from string import punctuation

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dagster_project.score.normalise import changed_where
from dagster_project.score.runner_method import runner_method

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

ASCII_WHITE_SPACE = "\t\n\v\f\r "
WHITE_SPACE = "\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(code) for code in range(0x2000, 0x200B)
)
"""Every other character with Unicode's White_Space property."""

# Quotes, dashes and the like, which turn up in texts that are plain English otherwise.
_TYPOGRAPHY = "\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u2022\u00b7\u00b4\u2032\u02bc"
_CONTROL = "".join(chr(code) for code in (*range(32), 127))

# Scripts that put no space between words.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"

# So many fit into the processor's cache.
_BLOCK_TEXTS = 250
_BLOCK_COUNTS = 2**18
_CHUNK = 8
_FIRST_BYTES = np.array([2 ** (8 * size) - 1 for size in range(_CHUNK + 1)], np.uint64)
_ODD = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


@dataclass(frozen=True)
class Words:
    """The words of texts, with repeats, in reading order.

    Attributes:
        hashes: One per word, text after text.
        per_text: How many of them each text has.
    """

    hashes: Hashes
    per_text: Places


def runner_words(lowered: pl.Series) -> Words:
    """Cut texts as the runner's similarity does: at some punctuation, short words left out.

    The texts are lower-cased by ``runner_lower`` and have no nulls.
    """
    rules = runner_method().words
    spaced = changed_where(lowered, _beyond_ascii(lowered), _spaced(WHITE_SPACE))
    return _cut(spaced, rules.separators + ASCII_WHITE_SPACE, rules.at_least_bytes)


def unicode_words(lowered: pl.Series) -> Words:
    """Cut texts into words of any language.

    Letters, marks and digits form words, everything else separates them. Scripts without spaces
    (Chinese, Japanese, Thai, ...) give each two neighbouring characters and the first and last one
    of a run. Compatibility forms (full width, ligatures) count as the usual ones. The texts are
    lower-cased by ``runner_lower`` and have no nulls.
    """
    spaced = changed_where(lowered, _beyond_ascii(lowered), _spaced(WHITE_SPACE + _TYPOGRAPHY))
    separated = changed_where(spaced, _beyond_ascii(spaced), _separated)
    return _cut(separated, punctuation + _CONTROL + " ", at_least_bytes=1)


def _beyond_ascii(texts: pl.Series) -> pl.Series:
    return texts.str.len_bytes() != texts.str.len_chars()


def _spaced(characters: str) -> Callable[[pl.Series], pl.Series]:
    return lambda texts: texts.str.replace_many(dict.fromkeys(characters, " "))


def _separated(texts: pl.Series) -> pl.Series:
    return (
        texts.str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ")
        .str.replace_all(f"({_UNSPACED}+)", " ${1} ")
        .str.replace_all(f"({_UNSPACED})", "${1} ${1}")
    )


def _cut(texts: pl.Series, separators: str, at_least_bytes: int) -> Words:
    """Cut texts at ASCII characters, white space among them."""
    table = bytes.maketrans(separators.encode(), b" " * len(separators))
    blocks = [
        _cut_block(texts[start : start + _BLOCK_TEXTS], table, at_least_bytes)
        for start in range(0, len(texts), _BLOCK_TEXTS)
    ]
    return Words(
        np.concatenate([np.empty(0, np.uint64), *(block.hashes for block in blocks)]),
        np.concatenate([np.empty(0, np.int64), *(block.per_text for block in blocks)]),
    )


def _cut_block(texts: pl.Series, table: bytes, at_least_bytes: int) -> Words:
    joined = texts.str.join("\n").cast(pl.Binary).item().translate(table)
    letters = np.frombuffer(b" %b%b" % (joined, b" " * _CHUNK), np.uint8)
    begins_word = letters != ord(" ")
    for _ in range(at_least_bytes - 1):
        begins_word = begins_word[:-1] & begins_word[1:]
    edges = np.flatnonzero(begins_word[1:] != begins_word[:-1]) + 1
    starts, lengths = edges[::2], edges[1::2] - edges[::2] + at_least_bytes - 1
    ends = np.cumsum(texts.str.len_bytes().to_numpy() + np.int64(1))
    per_text = np.diff(np.searchsorted(starts, ends, side="right"), prepend=0)
    return Words(_hashed(letters, starts, lengths), per_text)


def _hashed(letters: NDArray[np.uint8], starts: Places, lengths: Places) -> Hashes:
    """Hash words eight bytes at a time, all words at once."""
    chunks = np.ndarray(len(letters) - _CHUNK + 1, "<u8", letters, strides=(1,))

    def mixed(hashes: Hashes) -> Hashes:
        part = chunks[starts] & _FIRST_BYTES.take(lengths, mode="clip")
        product = (hashes ^ part) * _ODD
        return product ^ (product >> _HALF)

    hashes = mixed(lengths.astype(np.uint64) * _ODD)
    words = np.arange(len(hashes))
    while len(longer := np.flatnonzero(lengths > _CHUNK)):
        words, starts, lengths = words[longer], starts[longer] + _CHUNK, lengths[longer] - _CHUNK
        hashes[words] = mixed(hashes[words])
    return hashes


def count_matrices(words: Words, bounds: Places) -> Iterator[tuple[Places, NDArray[np.float32]]]:
    """Count words in groups of texts, many at once: equally many texts, about as many words.

    Args:
        words: Of all texts.
        bounds: First text of each group, and behind the last group its end.

    Yields:
        Numbers of groups, and counts, groups x texts x words. Which word a column is differs from
        group to group; a group with fewer words than others has columns of zeros.
    """
    edges = np.concatenate([[0], np.cumsum(words.per_text)])[bounds]
    sizes, lengths = np.diff(bounds), np.diff(edges)
    # Lengths within a power of two: columns of zeros are at most as many as the others.
    shapes = np.stack([sizes, np.frexp(lengths)[1]], axis=1)
    for size, magnitude in np.unique(shapes, axis=0):
        groups = np.flatnonzero((shapes == (size, magnitude)).all(axis=1))
        block = np.cumsum(lengths[groups] * size) // _BLOCK_COUNTS
        for some in np.split(groups, np.flatnonzero(np.diff(block)) + 1):
            texts = (bounds[some][:, None] + np.arange(size)).ravel()
            hashes = words.hashes[_ranges(edges[some], lengths[some])]
            yield some, _counts(hashes, words.per_text[texts].reshape(len(some), size))


def _ranges(starts: Places, lengths: Places) -> Places:
    """Places from each start on, one range behind the other."""
    before = np.cumsum(lengths) - lengths
    places: Places = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
    return places


def _counts(hashes: Hashes, per_text: Places) -> NDArray[np.float32]:
    """Count the words of texts, groups x texts, which are given one text after the other."""
    # Group and text take the place of bits of the hash: one sort brings equal words of a group
    # together, and 64 bits hold all three.
    groups, size = per_text.shape
    text_bits = np.uint64((size - 1).bit_length())
    group_bits = np.uint64(max(1, (groups - 1).bit_length()))
    text = np.repeat(np.tile(np.arange(size, dtype=np.uint64), groups), per_text.ravel())
    per_group = per_text.sum(axis=1)
    group = np.repeat(np.arange(groups, dtype=np.uint64), per_group)
    kept = (hashes << (group_bits + text_bits)) >> group_bits
    keys = np.sort(group << (np.uint64(64) - group_bits) | kept | text)
    different = keys >> text_bits
    column = np.zeros(len(keys), np.int64)
    np.cumsum(different[1:] != different[:-1], out=column[1:])
    first = np.cumsum(per_group) - per_group
    begins = column[np.minimum(first, len(keys) - 1)] if len(keys) else first
    column -= np.repeat(begins, per_group)
    width = int(column.max()) + 1 if len(keys) else 0
    row = np.repeat(np.arange(groups) * size, per_group) + (
        keys & ((np.uint64(1) << text_bits) - np.uint64(1))
    ).astype(np.int64)
    counts = np.bincount(row * width + column, minlength=groups * size * width)
    return counts.reshape(groups, size, width).astype(np.float32)
