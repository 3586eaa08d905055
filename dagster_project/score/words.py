"""Words of many texts as numbers, and how many words each two texts of a group share.

Belongs here: cutting texts into words (the runner's way and ours) and counting. Does not belong
here: which texts are compared.

Texts are split at spaces first; only the *different* pieces are lower-cased and cut into words.
That does the costly part once per vocabulary instead of once per text.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dagster_project.score.keywords import runner_lower
from dagster_project.score.runner_method import runner_method

WHITE_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(code) for code in range(0x2000, 0x200B)
)
"""Every character with Unicode's White_Space property."""

APOSTROPHES = "\u2018\u2019\u02bc\u02b9\u00b4`\u2032"
"""What people type for a straight apostrophe."""

# Scripts that put no space between words.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTERS = rf"[\p{{L}}\p{{M}}\p{{N}}--[{_UNSPACED}]]+"
_WORD = rf"[{_UNSPACED}]+|{_LETTERS}(?:'{_LETTERS})*"


@dataclass(frozen=True)
class Tokens:
    """Occurrences of tokens in texts, in reading order.

    Attributes:
        text: For each occurrence the position of its text, ascending.
        code: For each occurrence the token's position in ``vocabulary``.
        vocabulary: The different tokens.
    """

    text: NDArray[np.int64]
    code: NDArray[np.int64]
    vocabulary: pl.Series


def pieces(texts: pl.Series) -> Tokens:
    """Split texts at spaces.

    Args:
        texts: Strings, no nulls.

    Returns:
        The pieces, empty ones and punctuation included.
    """
    return _tokens(texts.str.split(" "))


def words(split: Tokens, cut: Callable[[pl.Series], pl.Series]) -> Tokens:
    """Cut pieces into words.

    Args:
        split: Pieces of texts.
        cut: ``runner_words`` or ``unicode_words``: strings to lists of words.

    Returns:
        The words of the same texts.
    """
    cut_words = _tokens(cut(split.vocabulary))
    starts = np.searchsorted(cut_words.text, np.arange(len(split.vocabulary) + 1))
    counts = np.diff(starts)[split.code]
    # Each piece gives a run of words; the runs follow each other without gaps.
    offsets = np.cumsum(counts) - counts
    run = np.repeat(starts[split.code] - offsets, counts)
    chosen = run + np.arange(len(run))
    return Tokens(np.repeat(split.text, counts), cut_words.code[chosen], cut_words.vocabulary)


def _tokens(lists: pl.Series) -> Tokens:
    text = np.repeat(np.arange(len(lists)), lists.list.len().to_numpy())
    tokens = lists.explode(empty_as_null=False)
    encoded = tokens.cast(pl.Categorical(pl.Categories.random())).to_physical()
    code = encoded.to_numpy().astype(np.int64)
    occurrence = np.zeros(code.max(initial=-1) + 1, np.int64)
    occurrence[code] = np.arange(len(code))
    return Tokens(text, code, tokens.gather(occurrence))


def runner_words(texts: pl.Series) -> pl.Series:
    """Cut texts as the runner's similarity does.

    Args:
        texts: Strings, no nulls.

    Returns:
        Lists of lower-cased words of at least three UTF-8 bytes.
    """
    rules = runner_method().words
    separators = dict.fromkeys(rules.separators + WHITE_SPACE, " ")
    spaced = runner_lower(pl.col(texts.name)).str.replace_many(separators)
    word = pl.element()
    long_enough = word.filter(word.str.len_bytes() >= rules.at_least_bytes)
    return texts.to_frame().select(spaced.str.split(" ").list.eval(long_enough)).to_series()


def unicode_words(texts: pl.Series) -> pl.Series:
    """Cut texts into words of any language.

    Letters, marks and digits form words, also around an apostrophe; scripts without spaces
    (Chinese, Japanese, Thai, ...) give each two neighbouring characters. Forms that look alike
    are one: compatibility characters, upper and lower case, curly and straight apostrophes.

    Args:
        texts: Strings, no nulls.

    Returns:
        Lists of words.
    """
    text = pl.col(texts.name)
    straight = text.str.replace_many(dict.fromkeys(APOSTROPHES, "'")).str.normalize("NFKC")
    found = (
        texts.to_frame()
        .select(words=straight.str.to_lowercase().str.extract_all(_WORD))
        .with_row_index("text")
        .explode("words", empty_as_null=False)
        .with_row_index("position")
    )
    unspaced = pl.col("words").str.contains(f"^[{_UNSPACED}]")
    cut = pl.concat([found.filter(~unspaced), _bigrams(found.filter(unspaced))]).sort("position")
    counts = cut.group_by("text").agg("words")
    every = pl.DataFrame({"text": pl.int_range(len(texts), dtype=pl.UInt32, eager=True)})
    return (
        every.join(counts, on="text", how="left", maintain_order="left")
        .select(pl.col("words").fill_null([]))
        .to_series()
    )


def _bigrams(runs: pl.DataFrame) -> pl.DataFrame:
    characters = runs.with_columns(pl.col("words").str.split("")).explode("words")
    following = pl.col("words").shift(-1).over("position")
    alone = pl.len().over("position") == 1
    return characters.with_columns(
        pl.when(alone).then("words").otherwise(pl.col("words") + following)
    ).drop_nulls("words")


def count_matrices(tokens: Tokens, bounds: NDArray[np.int64]) -> Iterator[NDArray[np.float64]]:
    """Count the words of each group of texts.

    Args:
        tokens: Words of all texts.
        bounds: First text of each group, and behind the last group its end.

    Yields:
        For each group texts x different words of the group, in an order that depends on the
        group's texts alone.
    """
    last_seen = np.empty(len(tokens.vocabulary), np.int64)
    edges = np.searchsorted(tokens.text, bounds)
    groups = zip(pairwise(bounds), pairwise(edges), strict=True)
    for (first_text, last_text), (start, stop) in groups:
        size = last_text - first_text
        codes = tokens.code[start:stop]
        order = np.arange(stop - start)
        last_seen[codes] = order
        representative = last_seen[codes]
        column = np.cumsum(representative == order) - 1
        width = int(column[-1]) + 1 if len(column) else 0
        cells = (tokens.text[start:stop] - first_text) * width + column[representative]
        yield np.bincount(cells, minlength=size * width).reshape(size, width).astype(np.float64)
