"""Resampling of questions: BCa bootstrap and sign-flip permutation, many groups at once.

Belongs here: arrays in, arrays out. Does not belong here: what a question or a region is.

Resamples depend on nothing but the number of questions. Groups of one size therefore share them,
which makes a bootstrap one matrix product, and a group's numbers never depend on the groups beside
it. scipy's `bootstrap` and `permutation_test` give the same results at a hundredth of the speed;
tests compare the two.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

ALPHA = 0.05
RESAMPLES = 4_000
FLIPS = 9_999
# Up to here all sign patterns are enumerated: 4,096.
MAX_ENUMERATED = 12
# Differences of sums below this are rounding.
TOLERANCE = 1e-9

_SEED = 20_260_101
# Bounds of the matrices in memory: groups x resamples, resamples x questions.
_GROUPS_AT_ONCE = 256
_CELLS_AT_ONCE = 2_000_000


def stacked(
    groups: pl.DataFrame, columns: tuple[str, ...]
) -> Iterator[tuple[NDArray[np.int64], list[Floats]]]:
    """Turn list columns into matrices, one set per length of the lists.

    Args:
        groups: Rows with list columns of equal length within a row.
        columns: Names of the list columns.

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


@lru_cache(maxsize=16)
def _draws(questions: int) -> NDArray[np.uint16]:
    """How often each question is in each resample: resamples x questions."""
    random = np.random.default_rng((_SEED, questions))
    shares = np.full(questions, 1 / questions)
    return random.multinomial(questions, shares, size=RESAMPLES).astype(np.uint16)


@lru_cache(maxsize=16)
def _signs(questions: int) -> NDArray[np.int8]:
    if questions <= MAX_ENUMERATED:
        bits = np.arange(2**questions)[:, None] >> np.arange(questions) & 1
    else:
        random = np.random.default_rng((_SEED, questions))
        bits = random.integers(0, 2, size=(FLIPS, questions))
    return (2 * bits - 1).astype(np.int8)


def _product(values: Floats, weights: NDArray[np.uint16] | NDArray[np.int8]) -> Floats:
    """Multiply groups x questions by (resamples x questions) transposed, in bounded memory."""
    step = max(1, _CELLS_AT_ONCE // weights.shape[1])
    parts = [
        values @ weights[start : start + step].T.astype(np.float64)
        for start in range(0, len(weights), step)
    ]
    return np.concatenate(parts, axis=1)


def bca_interval(totals: Floats, sizes: Floats, alpha: float | Floats = ALPHA) -> Floats:
    """Bias-corrected and accelerated bootstrap interval of a ratio of sums over questions.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 14.

    Args:
        totals: Numerators, groups x questions.
        sizes: Denominators of the same shape, above 0; all 1 gives the mean of the totals.
        alpha: One minus the level, for all or for each group.

    Returns:
        groups x (low, high). Zero wide where all questions have one ratio: that is ignorance, not
        certainty, and for the caller to replace.
    """
    alphas = np.broadcast_to(np.asarray(alpha, np.float64), len(totals))
    blocks = [
        _bca(totals[block], sizes[block], alphas[block])
        for start in range(0, len(totals), _GROUPS_AT_ONCE)
        for block in [slice(start, start + _GROUPS_AT_ONCE)]
    ]
    return np.concatenate(blocks) if blocks else np.empty((0, 2))


def _bca(totals: Floats, sizes: Floats, alpha: Floats) -> Floats:
    draws = _draws(totals.shape[1])
    total, size = totals.sum(axis=1, keepdims=True), sizes.sum(axis=1, keepdims=True)
    estimate = total / size
    resampled = np.sort(_product(totals, draws) / _product(sizes, draws), axis=1)
    bias = ndtri(_share_below(resampled, estimate))
    deviations = estimate - (total - totals) / (size - sizes)
    spread = 6 * (deviations**2).sum(axis=1) ** 1.5
    acceleration = np.divide(
        (deviations**3).sum(axis=1), spread, out=np.zeros(len(totals)), where=spread > 0
    )
    ends = []
    for tail in (alpha / 2, 1 - alpha / 2):
        shifted = bias + ndtri(tail)
        ends.append(_quantiles(resampled, ndtr(bias + shifted / (1 - acceleration * shifted))))
    return np.stack(ends, axis=1)


def _share_below(resampled: Floats, estimate: Floats) -> Floats:
    """Share of resamples below the estimate, equal ones counted half."""
    below = (resampled < estimate - TOLERANCE).mean(axis=1)
    share = (below + (resampled <= estimate + TOLERANCE).mean(axis=1)) / 2
    return np.asarray(np.clip(share, 0.5 / RESAMPLES, 1 - 0.5 / RESAMPLES), np.float64)


def _quantiles(resampled: Floats, share: Floats) -> Floats:
    place = share * (resampled.shape[1] - 1)
    low = np.floor(place).astype(np.int64)
    high = np.ceil(place).astype(np.int64)
    rows = np.arange(len(resampled))
    start, end = resampled[rows, low], resampled[rows, high]
    return np.asarray(start + (place - low) * (end - start), np.float64)


def sign_flip_p(values: Floats, *, only_above: bool = False) -> Floats:
    """Permutation test of a mean of 0: under it each value's sign is a coin.

    Args:
        values: One value per question, groups x questions.
        only_above: Whether only means above 0 speak against it (one-sided).

    Returns:
        p per group; exact up to ``MAX_ENUMERATED`` questions, else from ``FLIPS`` random flips.
    """
    side = (lambda sums: sums) if only_above else np.abs
    signs = _signs(values.shape[1])
    # Random flips do not hold the observed signs for sure, so they are added.
    observed_too = int(values.shape[1] > MAX_ENUMERATED)
    parts = []
    for start in range(0, len(values), _GROUPS_AT_ONCE):
        block = values[start : start + _GROUPS_AT_ONCE]
        observed = side(block.sum(axis=1, keepdims=True))
        parts.append((side(_product(block, signs)) >= observed - TOLERANCE).sum(axis=1))
    as_extreme = np.concatenate(parts) + observed_too
    return np.asarray(as_extreme / (len(signs) + observed_too), np.float64)
