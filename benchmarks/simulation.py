"""Synthetic answers whose truth is known. For calibration only; nothing here is data.

Belongs here: drawing counts and texts' distances. Does not belong here: judging methods by them
(calibration).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dagster_project.analyse.power import EFFECT_SPREAD, beta
from dagster_project.analyse.resampling import Floats

WORDS = 60
"""Words that an answer to a question may hold."""


@dataclass(frozen=True)
class Setting:
    """What is drawn. Each group draws its own refusal rate and correlation.

    Attributes:
        groups: Independent comparisons.
        questions: Questions per group.
        repeats: Answers per question and region, one number per region.
        rates: Bounds of the refusal rate.
        correlations: Bounds of the correlation of two answers to one question.
        effect: Difference of the first region's rate from the others'.
        wobble: 0: a question has one probability in all regions; above: how far each region's own
            probability strays, without a difference on average.
        failed: Probability that an answer fails.
        shared: Whether the regions answer the same questions.
    """

    groups: int
    questions: int
    repeats: tuple[int, ...] = (1, 1)
    rates: tuple[float, float] = (0.02, 0.6)
    correlations: tuple[float, float] = (0.2, 0.9)
    effect: float = 0.0
    wobble: float = 0.0
    failed: float = 0.0
    shared: bool = True


def simulated_cells(setting: Setting, seed: int) -> tuple[pl.DataFrame, Floats]:
    """Draw answers of one model per group.

    Args:
        setting: What to draw.
        seed: Same seed, same answers.

    Returns:
        Cells as ``pairs.pair_effects`` takes them, with the key ``group``, and the true refusal
        rate of each group in all regions but the first.
    """
    random = np.random.default_rng((seed, setting.questions, *setting.repeats))
    rates = random.uniform(*setting.rates, size=setting.groups)
    correlations = random.uniform(*setting.correlations, size=setting.groups)
    shape = (setting.groups, setting.questions)
    frames = []
    chances = beta(random, np.broadcast_to(rates[:, None], shape), correlations[:, None])
    for place, repeats in enumerate(setting.repeats):
        if not setting.shared:
            chances = beta(random, np.broadcast_to(rates[:, None], shape), correlations[:, None])
        own = beta(random, chances, setting.wobble) if setting.wobble else chances
        if place == 0 and setting.effect:
            share = np.minimum(1, setting.effect / (1 - rates))[:, None]
            # The effect is stronger on some questions than on others.
            own = own + (1 - own) * beta(random, np.broadcast_to(share, shape), EFFECT_SPREAD)
        failed = random.binomial(repeats, setting.failed, size=shape)
        refused = random.binomial(repeats - failed, own)
        frames.append(_cells(place, repeats, failed, refused, shared=setting.shared))
    return pl.concat(frames), rates


def _cells(
    place: int, repeats: int, failed: NDArray[np.int64], refused: NDArray[np.int64], *, shared: bool
) -> pl.DataFrame:
    groups, questions = refused.shape
    prefix = "q" if shared else f"r{place}q"
    return pl.DataFrame(
        {
            "group": np.repeat(np.arange(groups), questions),
            "region": [f"r{place}"] * refused.size,
            "question_id": [f"{prefix}{each}" for each in range(questions)] * groups,
            "expected": np.full(refused.size, repeats),
            "answered": repeats - failed.ravel(),
            "failed": failed.ravel(),
            "blocked": np.zeros(refused.size, np.int64),
            "scored": repeats - failed.ravel(),
            "refused": refused.ravel(),
        }
    )


def simulated_distances(
    groups: int, questions: int, repeats: int, shift: float, seed: int
) -> pl.DataFrame:
    """Draw answers as sets of words and measure how far they are apart.

    Args:
        groups: Independent comparisons of two regions.
        questions: Questions per group.
        repeats: Answers per question and region, at least 2.
        shift: How far the second region's word probabilities move away from the first's; 0 none.
        seed: Same seed, same answers.

    Returns:
        Distances as ``texts.text_effects`` takes them, with the key ``group``.
    """
    random = np.random.default_rng((seed, questions, repeats))
    size = (groups * questions, 1, WORDS)
    chances = random.beta(0.5, 1.0, size=size)
    moved = (1 - shift) * chances + shift * random.beta(0.5, 1.0, size=size)
    drawn = (groups * questions, repeats, WORDS)
    first, second = (random.random(drawn) < each for each in (chances, moved))
    pairs = list(combinations(range(repeats), 2))
    return pl.DataFrame(
        {
            "group": np.repeat(np.arange(groups), questions),
            "region_a": ["r0"] * (groups * questions),
            "region_b": ["r1"] * (groups * questions),
            "question_id": [f"q{each}" for each in range(questions)] * groups,
            "between": _mean_distance(
                first, second, [(i, j) for i in range(repeats) for j in range(repeats)]
            ),
            "within_a": _mean_distance(first, first, pairs),
            "within_b": _mean_distance(second, second, pairs),
        }
    )


def _mean_distance(
    left: NDArray[np.bool_], right: NDArray[np.bool_], pairs: list[tuple[int, int]]
) -> Floats:
    distances = []
    for i, j in pairs:
        common = (left[:, i] & right[:, j]).sum(axis=1)
        distances.append(1 - common / np.maximum(1, (left[:, i] | right[:, j]).sum(axis=1)))
    return np.asarray(np.mean(distances, axis=0), np.float64)
