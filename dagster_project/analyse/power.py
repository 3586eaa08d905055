"""What difference between two regions a comparison would find in four of five cases.

Belongs here: simulation of the paired test. Does not belong here: estimating its parameters.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from dagster_project.analyse.resampling import ALPHA, Floats

POWER = 0.80
MIN_DISCORDANT = 6
"""With fewer discordant questions the exact test cannot reject at 5 %."""

EFFECT_SPREAD = 0.2
"""How unequal an effect is over questions: 0 the same on all, 1 all or nothing."""

SIMULATIONS = 400
_PRECISION = 0.005
_SEED = 20_260_102

RATES = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5])
CORRELATIONS = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 0.95])
MAX_REPEATS = 10
# Sample sizes are rounded down: not at all up to the first, to fives up to the second, then to two
# digits.
_EXACT_SIZES, _FIVE_BY_FIVE = 30, 100


def mcnemar_exact_p(b: NDArray[np.int64], c: NDArray[np.int64]) -> Floats:
    """Exact two-sided McNemar test, the same as statsmodels' for whole arrays.

    Args:
        b: Questions on which only (or more often) the first region refuses.
        c: Questions on which the second one does.

    Returns:
        p; 1 where no question is discordant.
    """
    return np.asarray(np.minimum(1.0, 2 * binom.cdf(np.minimum(b, c), b + c, 0.5)), np.float64)


def minimum_detectable_effect(
    questions: int, repeats: float, rate: float, correlation: float
) -> float | None:
    """Find the smallest difference of refusal rates that the paired test finds with 80 % power.

    Simulated: questions have refusal probabilities from a beta distribution, and in one region a
    share of the answers becomes refusals (answers, if most are refusals), more on some questions
    than on others. One test at 5 %, before any adjustment. Parameters are rounded to a grid, so
    that few simulations serve many groups.

    Args:
        questions: Questions answered in both regions.
        repeats: Answers per question and region (harmonic mean).
        rate: Refusal rate over both regions, between 0 and 1.
        correlation: Of two answers to one question; 1 means that a question is always or never
            refused.

    Returns:
        A difference above 0, or None when even the largest possible one would be missed too often.
    """
    return _simulated(
        _rounded_size(questions),
        min(MAX_REPEATS, max(1, round(repeats))),
        _nearest(RATES, min(rate, 1 - rate)),
        _nearest(CORRELATIONS, correlation),
    )


def _rounded_size(questions: int) -> int:
    if questions <= _EXACT_SIZES:
        return questions
    unit = 5 if questions <= _FIVE_BY_FIVE else 10 ** (len(str(questions)) - 2)
    return questions // unit * unit


def _nearest(grid: Floats, value: float) -> float:
    return float(grid[np.abs(grid - value).argmin()])


def beta(random: np.random.Generator, means: Floats, correlation: Floats | float) -> Floats:
    """Draw probabilities that two answers to one question share.

    Args:
        random: Source of chance.
        means: Their means, one per draw.
        correlation: Of two answers to one question, between 0 and 1 (exclusive).

    Returns:
        Probabilities in the shape of the means.
    """
    concentration = (1 - correlation) / correlation
    inner = np.clip(means, 1e-6, 1 - 1e-6)
    return np.asarray(random.beta(inner * concentration, (1 - inner) * concentration), np.float64)


@lru_cache(maxsize=65_536)
def _simulated(questions: int, repeats: int, rate: float, correlation: float) -> float | None:
    random = np.random.default_rng((_SEED, questions, repeats))
    shape = (SIMULATIONS, questions)
    chances = beta(random, np.full(shape, rate), max(correlation, 1e-3))
    first = random.binomial(repeats, chances)
    if _power(first, chances, repeats, 1.0) < POWER:
        return None
    low, high = 0.0, 1.0
    while (high - low) * (1 - rate) > _PRECISION:
        middle = (low + high) / 2
        enough = _power(first, chances, repeats, middle) >= POWER
        low, high = (low, middle) if enough else (middle, high)
    return high * (1 - rate)


def _power(first: NDArray[np.int64], chances: Floats, repeats: int, share: float) -> float:
    """Share of simulations that reject when a share of the second region's answers turns."""
    random = np.random.default_rng(_SEED)
    shares = beta(random, np.full_like(chances, share), EFFECT_SPREAD)
    second = random.binomial(repeats, chances + shares * (1 - chances))
    b, c = (first > second).sum(axis=1), (first < second).sum(axis=1)
    return float(((mcnemar_exact_p(b, c) <= ALPHA) & (b + c >= MIN_DISCORDANT)).mean())
