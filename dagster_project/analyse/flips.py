"""Sign-flip tests and intervals over clusters, many groups at once.

Belongs here: arrays in, arrays out. Does not belong here: what a cluster or an effect is.

A group's effect is the sum of one number per cluster. Without an effect each cluster's sign is a
coin. The interval holds every effect d that the same test would not reject: a cluster of weight w
then contributes ``sum - d * w``. For one pattern of signs that condition is an interval of d with
closed ends, so the whole inversion is a quantile of these ends.
"""

from collections.abc import Iterator
from functools import lru_cache

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
_NUMBERS_AT_ONCE = 8_000_000


def stacked(
    groups: pl.DataFrame, columns: tuple[str, ...]
) -> Iterator[tuple[NDArray[np.int64], list[Floats]]]:
    """Turn list columns, equally long within a row, into matrices, one set per length.

    Yields:
        Positions of the rows with lists of one length, and per column a matrix rows x length.
    """
    lengths = groups[columns[0]].list.len().to_numpy()
    for length in np.unique(lengths[lengths > 0]):
        rows = np.flatnonzero(lengths == length)
        chosen = groups[rows].select(columns)
        yield (
            rows,
            [
                chosen[name].explode().cast(pl.Float64).to_numpy().reshape(len(rows), length)
                for name in columns
            ],
        )


@lru_cache(maxsize=4)
def signs(clusters: int) -> Floats:
    """Patterns of signs, patterns x clusters; the first one is all positive.

    The first cluster's sign stays: a pattern and its opposite are the same for a two-sided test.
    """
    if clusters <= MAX_ENUMERATED:
        bits = np.arange(2 ** (clusters - 1))[:, None] >> np.arange(clusters - 1) & 1
    else:
        random = np.random.default_rng((_SEED, clusters))
        bits = random.integers(0, 2, size=(DRAWS, clusters - 1), dtype=np.int8)
        bits = np.concatenate([np.zeros((1, clusters - 1), np.int8), bits])
    patterns = np.ones((len(bits), clusters))
    patterns[:, 1:] -= 2 * bits
    return patterns


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
        p_value, interval = _flipped(
            sums[start : start + step], weights[start : start + step], patterns
        )
        p_values.append(p_value)
        intervals.append(interval)
    return np.concatenate(p_values), np.concatenate(intervals)


def _flipped(sums: Floats, weights: Floats, patterns: Floats) -> tuple[Floats, Floats]:
    effect = sums.sum(axis=1, keepdims=True)
    flipped, moved = sums @ patterns.T, weights @ patterns.T
    p_value = (np.abs(flipped) >= np.abs(effect) - TOLERANCE).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.stack([(effect - flipped) / (1 - moved), (effect + flipped) / (1 + moved)])
    unmoved = np.abs(moved) > 1 - TOLERANCE
    high = np.where(unmoved, np.inf, ends.max(axis=0))
    low = np.where(unmoved, -np.inf, ends.min(axis=0))
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
    flipped = np.abs(scaled @ signs(sums.shape[1]).T)
    largest = flipped.max(axis=0)
    observed = np.abs(scaled.sum(axis=1))
    p_values = np.array([(largest >= each - TOLERANCE).mean() for each in observed])
    place = min(len(largest) - 1, int(np.ceil((1 - ALPHA) * (len(largest) - 1))))
    own = np.partition(flipped, place, axis=1)[:, place]
    return p_values, float(np.partition(largest, place)[place]), own
