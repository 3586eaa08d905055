"""The words of texts, and how often each text of a group uses each word.

Belongs here: cutting texts into words (the runner's way and ours) and counting. Does not belong
here: which texts are compared. A word is known by its 64-bit hash from here on.
"""

from collections.abc import Iterator
from itertools import pairwise
from string import punctuation

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dagster_project.score.runner_method import runner_method

WHITE_SPACE = "\t\n\v\f\r\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(code) for code in range(0x2000, 0x200B)
)
"""Every character with Unicode's White_Space property but the space itself."""

# Quotes, dashes and the like, which turn up in texts that are plain English otherwise.
_TYPOGRAPHY = "\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u2022\u00b7\u00b4\u2032\u02bc"
_CONTROL = "".join(chr(code) for code in (*range(32), 127))
_SEPARATORS = dict.fromkeys(punctuation + _CONTROL + WHITE_SPACE + _TYPOGRAPHY, " ")

# Scripts that put no space between words.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"


def runner_words(lowered: pl.Series) -> pl.Series:
    """Cut texts as the runner's similarity does: at some punctuation, short words left out.

    Args:
        lowered: Texts lower-cased by ``runner_lower``, no nulls.

    Returns:
        Lists of word hashes (UInt64), with repeats, in reading order.
    """
    rules = runner_method().words
    separators = dict.fromkeys(rules.separators + WHITE_SPACE, " ")
    return _hashed(lowered.str.replace_many(separators), rules.at_least_bytes)


def unicode_words(lowered: pl.Series) -> pl.Series:
    """Cut texts into words of any language.

    Letters, marks and digits form words, everything else separates them. Scripts without spaces
    (Chinese, Japanese, Thai, ...) give each two neighbouring characters and the first and last one
    of a run. Compatibility forms (full width, ligatures) count as the usual ones.

    Args:
        lowered: Texts lower-cased by ``runner_lower``, no nulls.

    Returns:
        Lists of word hashes (UInt64), with repeats.
    """
    spaced = lowered.str.replace_many(_SEPARATORS)
    plain = spaced.str.len_bytes() == spaced.str.len_chars()
    foreign = (
        spaced.filter(~plain)
        .str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ")
        .str.replace_all(f"({_UNSPACED}+)", " ${1} ")
        .str.replace_all(f"({_UNSPACED})", "${1} ${1}")
    )
    return _hashed(spaced.scatter((~plain).arg_true(), foreign), at_least_bytes=1)


def _hashed(spaced: pl.Series, at_least_bytes: int) -> pl.Series:
    word = pl.element()
    long_enough = word.filter(word.str.len_bytes() >= at_least_bytes)
    return spaced.str.split(" ").list.eval(long_enough.hash())


def count_matrices(words: pl.Series, bounds: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """Count the words of each group of texts.

    Args:
        words: Lists of word hashes, one per text.
        bounds: First text of each group, and behind the last group its end.

    Yields:
        For each group texts x different words of the group, in an order that depends on the
        words alone.
    """
    lengths = words.list.len().to_numpy().astype(np.int64)
    edges = np.concatenate([[0], np.cumsum(lengths)])[bounds]
    hashes = words.explode(empty_as_null=False).to_numpy()
    sizes = np.diff(bounds)
    text_in_group = np.arange(bounds[-1]) - np.repeat(bounds[:-1], sizes)
    texts = np.repeat(text_in_group.astype(np.uint64), lengths)
    for size, (start, stop) in zip(sizes.tolist(), pairwise(edges.tolist()), strict=True):
        yield _counts(hashes[start:stop], texts[start:stop], size)


def _counts(
    hashes: NDArray[np.uint64], texts: NDArray[np.uint64], size: int
) -> NDArray[np.float32]:
    # The text's number takes the place of the hash's highest bits: one sort brings equal words
    # together, and 64 bits hold both.
    bits = np.uint64((size - 1).bit_length())
    keys = np.sort((hashes << bits) | texts)
    words = keys >> bits
    column = np.zeros(len(keys), np.int64)
    np.cumsum(words[1:] != words[:-1], out=column[1:])
    width = int(column[-1]) + 1 if len(keys) else 0
    row = (keys & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    counts = np.bincount(row * width + column, minlength=size * width)
    return counts.reshape(size, width).astype(np.float32)
