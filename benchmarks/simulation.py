"""Synthetic answers whose truth is known. For calibration only; nothing here is data.

Belongs here: drawing contrasts, counts and divergences. Does not belong here: judging methods by
them (calibration).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit, logit

from dagster_project.analyse.flips import Floats

QUESTION_SPREAD = 1.0
"""Standard deviation of questions on the logit of the refusal rate."""

LATE = 0.7
"""Share of the early questions that a region which joined late was not asked."""


@dataclass(frozen=True)
class Setting:
    """What is drawn: comparisons of regions that ask the same questions on the same days.

    Attributes:
        groups: Independent comparisons.
        questions: Questions per comparison.
        days: Days, on each of which a job asks every question.
        repeats: Jobs per day.
        rate: Refusal rate of a question in the middle.
        effect: Added to every rate of the first region, cut at 1.
        quarter: Whether the effect lies on a quarter of the questions, four times as large.
        day_effect: Standard deviation, on the logit, of what shifts one region on one day.
        regenerated: Share of the refusals that are asked again in all regions but the first, and
            then answered.
        missing: Share of the days that the first region lacks; the rate doubles on these.
        mixed: Whether half of the days have other parameters, with another rate, and a first
            region that is mostly asked under one of them.
        sensitivity: Of the classifier in the first region and in the others.
        regions: Regions that are compared.
    """

    groups: int
    questions: int
    days: int
    repeats: int = 1
    rate: float = 0.2
    effect: float = 0.0
    quarter: bool = False
    day_effect: float = 0.0
    regenerated: float = 0.0
    missing: float = 0.0
    mixed: bool = False
    sensitivity: tuple[float, float] = (1.0, 1.0)
    regions: int = 2


@dataclass(frozen=True)
class Simulated:
    """Contrasts of ``group`` as the statistics take them, and the truth of each group.

    Attributes:
        contrasts: Rows of int_question_contrasts__daily with the key ``group``.
        these: True mean difference of the first two regions on the group's own questions.
        like: The same on all questions of the kind.
    """

    contrasts: pl.DataFrame
    these: Floats
    like: float


def simulated(setting: Setting, seed: int) -> Simulated:
    """Draw answers of one model per group; same seed, same answers."""
    random = np.random.default_rng((seed, setting.questions, setting.days, setting.repeats))
    shape = (setting.groups, setting.questions, setting.days)
    place = logit(setting.rate) + QUESTION_SPREAD * random.standard_normal((*shape[:2], 1))
    shift = np.zeros(shape[2])
    if setting.mixed:
        shift = np.where(np.arange(setting.days) < setting.days // 2, 2.0, 0.0)
    absent = np.arange(setting.days) < round(setting.missing * setting.days)
    shift = shift + np.where(absent, 1.0, 0.0)
    added = np.zeros((*shape[:2], 1))
    if setting.quarter:
        added += 4 * setting.effect * (random.random(added.shape) < 1 / 4)
    else:
        added += setting.effect
    counts: list[tuple[NDArray[np.int64], ...]] = []
    for region in range(setting.regions):
        day = setting.day_effect * random.standard_normal((setting.groups, 1, setting.days))
        chance = expit(place + shift + day)
        if region == 0:
            chance = np.minimum(1, chance + added)
        chance = chance * setting.sensitivity[min(region, 1)]
        asked = np.full(shape, setting.repeats)
        if region == 0:
            asked[:, :, absent] = 0
            if setting.mixed:
                # A region that joined late: few of its answers are from the first half.
                early = random.random(shape) < LATE
                asked = np.where(early & (shift > 0), 0, asked)
        refused = random.binomial(asked, chance)
        final = refused
        if region > 0 and setting.regenerated:
            final = refused - random.binomial(refused, setting.regenerated)
        counts.append((asked, refused, final))
    these, like = _truth(setting, place, added)
    return Simulated(_contrasts(counts), these, like)


def _truth(setting: Setting, place: Floats, added: Floats) -> tuple[Floats, float]:
    """Mean over days: the effect is cut where a rate reaches 1."""
    normal = np.random.default_rng(7)
    day = setting.day_effect * normal.standard_normal(400 if setting.day_effect else 1)
    chance = expit(place + day)
    first, other = setting.sensitivity
    change = first * np.minimum(1, chance + added) - other * chance
    wide = logit(setting.rate) + QUESTION_SPREAD * normal.standard_normal((20_000, 1))
    usual = expit(wide + day[:50])
    sizes = [(4 * setting.effect, 0.25), (0.0, 0.75)] if setting.quarter else [(setting.effect, 1)]
    like = sum(
        share * float((first * np.minimum(1, usual + size) - other * usual).mean())
        for size, share in sizes
    )
    return change.mean(axis=(1, 2)), like


def _contrasts(counts: list[tuple[NDArray[np.int64], ...]]) -> pl.DataFrame:
    groups, questions, days = (
        axis.ravel().astype(np.int64) for axis in np.indices(counts[0][0].shape)
    )
    key = {"group": groups, "question_id": questions, "job_day": days}
    frames = [
        pl.DataFrame(
            {
                **key,
                "pairing": ["none"] * len(groups),
                "region_a": [f"r{place}"] * len(groups),
                "region_b": [f"r{place}"] * len(groups),
                "scored_a": asked.ravel(),
                "missing_a": np.zeros(len(groups), np.int64),
            }
        )
        for place, (asked, _, _) in enumerate(counts)
    ]
    for (a, one), (b, other) in combinations(enumerate(counts), 2):
        # One job asks both: as many contrasts as both regions answered.
        both = np.minimum(one[0], other[0]).ravel()
        asked_a, asked_b = (np.maximum(1, side[0]).ravel() for side in (one, other))
        totals = {
            "rate_a_total": both * one[1].ravel() / asked_a,
            "rate_b_total": both * other[1].ravel() / asked_b,
            "final_rate_a_total": both * one[2].ravel() / asked_a,
            "final_rate_b_total": both * other[2].ravel() / asked_b,
        }
        frames.append(
            pl.DataFrame(
                {
                    **key,
                    "pairing": ["job"] * len(groups),
                    "region_a": [f"r{a}"] * len(groups),
                    "region_b": [f"r{b}"] * len(groups),
                    **dict.fromkeys(("contrasts", "final_contrasts", "attempted"), both),
                    **dict.fromkeys(("scored_a", "scored_b"), both),
                    **totals,
                    "bound_low_total": totals["rate_a_total"] - totals["rate_b_total"],
                    "bound_high_total": totals["rate_a_total"] - totals["rate_b_total"],
                }
            ).filter(pl.col("contrasts") > 0)
        )
    numbers = ("contrasts", "scored_b", "missing_a", "final_contrasts", "attempted")
    return pl.concat(frames, how="diagonal_relaxed").with_columns(pl.col(numbers).fill_null(0))


def simulated_texts(
    groups: int, questions: int, days: int, moved_days: int = 0, shift: float = 0.5
) -> pl.DataFrame:
    """Draw answers as sets of words; divergences as ``texts.text_effects`` takes them.

    Two jobs a day ask two regions each question; on the first days one region's words move.
    """
    words, jobs = 60, 2
    random = np.random.default_rng((5, questions, days))
    shape = (groups * questions, 1, words)
    chance = random.beta(0.5, 1.0, size=shape)
    moves = (np.arange(days * jobs) < moved_days * jobs)[:, None]
    moved = np.where(
        moves, (1 - shift) * chance + shift * random.beta(0.5, 1.0, size=shape), chance
    )
    drawn = (groups * questions, days * jobs, words)
    first, second = (random.random(drawn) < each for each in (chance, moved))
    first, second = (each.reshape(-1, days, jobs, words) for each in (first, second))
    pairs = {
        ("r0", "r1"): [(first[:, :, job], second[:, :, job]) for job in range(jobs)],
        ("r0", "r0"): [(first[:, :, 0], first[:, :, 1])],
        ("r1", "r1"): [(second[:, :, 0], second[:, :, 1])],
    }
    group, question, day = (
        axis.ravel().astype(np.int64) for axis in np.indices((groups, questions, days))
    )
    return pl.concat(
        pl.DataFrame(
            {
                "group": group,
                "region_a": [a] * len(group),
                "region_b": [b] * len(group),
                "question_id": question,
                "job_day": day,
                "mean": np.mean([_divergence(*both) for both in compared], axis=0).ravel(),
            }
        )
        for (a, b), compared in pairs.items()
    )


def _divergence(left: NDArray[np.bool_], right: NDArray[np.bool_]) -> Floats:
    common = (left & right).sum(axis=-1)
    return np.asarray(1 - common / np.maximum(1, (left | right).sum(axis=-1)), np.float64)
