"""Sign-flip tests and intervals over clusters, many groups at once.

Belongs here: arrays in, arrays out. Does not belong here: what a cluster or an effect is.

A group's effect is the sum of one number per cluster. Without an effect each cluster's sign is a
coin. The interval holds every effect d that the same test would not reject: a cluster of weight w
then contributes ``sum - d * w``. For one pattern of signs that condition is an interval of d with
closed ends, so the whole inversion is a quantile of these ends.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dagster_project.analyse import ALPHA

Floats = NDArray[np.float64]

MAX_ENUMERATED = 16
"""Clusters up to which all patterns of signs are enumerated; 20,000 seeded ones are drawn above."""
DRAWS = 20_000
TOLERANCE = 1e-9
"""Sums that differ by less are equal: rounding."""

_SEED = 20_260_101
_NUMBERS_AT_ONCE = 200_000
_PRODUCTS_AT_ONCE = 2**18
"""From here on OpenBLAS uses threads, which wait for each other longer than they calculate."""


def stacked(
    groups: pl.DataFrame, columns: tuple[str, ...]
) -> Iterator[tuple[NDArray[np.int64], list[Floats]]]:
    """Turn list columns, equally long within a row, into matrices, one set per length.

    Yields:
        Positions of the rows with lists of one length, and per column a matrix rows x length.
    """
    filled = groups.with_row_index("_row").filter(pl.col(columns[0]).list.len() > 0)
    lengths = filled[columns[0]].list.len().cast(pl.Int64).to_numpy()
    starts = lengths.cumsum() - lengths
    positions = filled["_row"].to_numpy()
    values = [filled[name].explode().cast(pl.Float64).to_numpy() for name in columns]
    for length in np.unique(lengths):
        same = np.flatnonzero(lengths == length)
        places = starts[same, None] + np.arange(length)
        yield positions[same], [column[places] for column in values]


@lru_cache(maxsize=4)
def signs(clusters: int) -> NDArray[np.int8]:
    """Patterns of signs, patterns x clusters; the first one is all positive.

    The first cluster's sign stays: a pattern and its opposite are the same for a two-sided test.
    """
    if clusters <= MAX_ENUMERATED:
        negative = np.arange(2 ** (clusters - 1))[:, None] >> np.arange(clusters - 1) & 1
        patterns = np.ones((len(negative), clusters), np.int8)
        patterns[:, 1:] -= 2 * negative.astype(np.int8)
        return patterns
    # The sign of a random byte is a fair coin.
    drawn = np.random.default_rng((_SEED, clusters)).bytes(DRAWS * (clusters - 1))
    patterns = np.ones((1 + DRAWS, clusters), np.int8)
    patterns[1:, 1:] = np.frombuffer(drawn, np.int8).reshape(DRAWS, -1) >> 7 | 1
    return patterns


def products(values: Floats, patterns: NDArray[np.integer[Any]]) -> Floats:
    """Multiply rows of values with patterns of integers, rows x patterns."""
    step = max(1, _PRODUCTS_AT_ONCE // max(1, values.size))
    return np.concatenate(
        [
            values @ patterns[start : start + step].T.astype(np.float64)
            for start in range(0, len(patterns), step)
        ],
        axis=1,
    )


def sign_flips(sums: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Test effects of 0 and invert the same test.

    Args:
        sums: What each cluster adds to the effect, groups x clusters.
        weights: How much of a constant effect each cluster adds, same shape, above 0; rows add up
            to 1.

    Returns:
        Two-sided p per group, and 95 % intervals, groups x (low, high), infinite where no pattern
        of signs could reject.
    """
    patterns = signs(sums.shape[1])
    step = max(1, _NUMBERS_AT_ONCE // len(patterns))
    p_values, intervals = [np.empty(0)], [np.empty((0, 2))]
    for start in range(0, len(sums), step):
        some = slice(start, start + step)
        p_value, interval = _flipped(sums[some], weights[some], patterns)
        p_values.append(p_value)
        intervals.append(interval)
    return np.concatenate(p_values), np.concatenate(intervals)


def _flipped(sums: Floats, weights: Floats, patterns: NDArray[np.int8]) -> tuple[Floats, Floats]:
    effect = sums.sum(axis=1, keepdims=True)
    flipped, moved = np.split(products(np.concatenate([sums, weights]), patterns), 2)
    p_value = (np.abs(flipped) >= np.abs(effect) - TOLERANCE).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = (effect - flipped) / (1 - moved), (effect + flipped) / (1 + moved)
    low, high = np.minimum(*ends), np.maximum(*ends)
    unmoved = np.abs(moved) > 1 - TOLERANCE
    low[unmoved], high[unmoved] = -np.inf, np.inf
    # An effect is kept while more than 5 % of the patterns are as extreme.
    kept = int(ALPHA * len(patterns))
    return p_value, np.stack(
        [
            np.partition(low, kept, axis=1)[:, kept],
            np.partition(high, -kept - 1, axis=1)[:, -kept - 1],
        ],
        axis=1,
    )


def joint_flips(sums: Floats) -> tuple[Floats, float, Floats]:
    """Flip the clusters of several effects together, for the largest of them.

    Args:
        sums: What each cluster adds to each effect, effects x clusters; 0 where it has none.

    Returns:
        p of each effect, adjusted for having picked the largest (Westfall and Young's max-t); the
        95 % quantile of the largest standardised flipped sum, and of each effect's own.
    """
    size = np.sqrt((sums**2).sum(axis=1, keepdims=True))
    scaled = np.divide(sums, size, out=np.zeros_like(sums), where=size > 0)
    flipped = np.abs(products(scaled, signs(sums.shape[1])))
    largest = flipped.max(axis=0)
    observed = np.abs(scaled.sum(axis=1))
    p_values = np.array([(largest >= each - TOLERANCE).mean() for each in observed])
    place = min(len(largest) - 1, int(np.ceil((1 - ALPHA) * (len(largest) - 1))))
    own = np.partition(flipped, place, axis=1)[:, place]
    return p_values, float(np.partition(largest, place)[place]), own
