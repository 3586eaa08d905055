"""Intervals of rates and differences whose unit is the question.

Belongs here: arrays in, arrays out; which method holds for which data. Does not belong here:
frames, reasons, minimum samples of tables. docs/decisions/0032 says why these methods.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import fisher_exact, t
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    tost_proportions_2indep,
)
from statsmodels.stats.weightstats import DescrStatsW

from dagster_project.analyse import EQUIVALENCE_MARGIN
from dagster_project.analyse.resampling import ALPHA, TOLERANCE, Floats, bca_interval

# Weight of the two pseudo-questions, one refused and one answered, that keep a variance above 0.
PSEUDO_WEIGHT = 0.25
# More repeats tell no more about questions that were not asked.
MAX_REPEATS = 4
# The bootstrap of a rate holds from here: questions, and of those with some and with others.
MIN_BCA_QUESTIONS = 20
MIN_BCA_SIDE = 10
# The bootstrap of a mean holds from here.
MIN_BCA_MEAN = 15


@dataclass(frozen=True)
class RateSums:
    """Sums over the questions of each group; arrays of one length.

    Attributes:
        hits: Answers that count, k.
        answers: All answers, n.
        questions: Questions with an answer.
        hits2: Sum of squared hits per question.
        hits_answers: Sum of hits times answers per question.
        answers2: Sum of squared answers per question.
    """

    hits: Floats
    answers: Floats
    questions: Floats
    hits2: Floats
    hits_answers: Floats
    answers2: Floats


def effective_answers(sums: RateSums) -> Floats:
    """How many independent answers are worth as much as the repeated ones.

    The design effect of a ratio, from the squared residuals of the questions (Kish, Survey
    Sampling, 1965), with a quarter of a refused and of an answered pseudo-question, so that equal
    questions do not pretend certainty. Equals n when each question was asked once.

    Args:
        sums: Groups with at least one answer.

    Returns:
        Between n² / Σ n_q² (repeats tell nothing new) and n (repeats are like new questions).
    """
    mean = sums.answers / sums.questions
    padded = sums.answers + 2 * PSEUDO_WEIGHT * mean
    rate = (sums.hits + PSEUDO_WEIGHT * mean) / padded
    residuals = (
        sums.hits2
        - 2 * rate * sums.hits_answers
        + rate**2 * sums.answers2
        + PSEUDO_WEIGHT * mean**2 * ((1 - rate) ** 2 + rate**2)
    )
    independent = rate * (1 - rate) * padded * sums.answers / residuals
    return np.clip(independent, sums.answers**2 / sums.answers2, sums.answers)


def wilson_interval(rate: Floats, answers: Floats) -> Floats:
    """Wilson's score interval.

    Args:
        rate: Observed rates.
        answers: Numbers of (effective) answers, also fractions.

    Returns:
        groups x (low, high).
    """
    low, high = proportion_confint(rate * answers, answers, alpha=ALPHA, method="wilson")
    return np.stack([low, high], axis=1)


def bootstrap_holds(totals: Floats, sizes: Floats) -> NDArray[np.bool_]:
    """Tell whether a group's rate has enough questions on both sides for a bootstrap.

    Args:
        totals: Answers that count, groups x questions.
        sizes: All answers, same shape.

    Returns:
        Booleans per group.
    """
    some = (totals > 0).sum(axis=1) >= MIN_BCA_SIDE
    others = (totals < sizes).sum(axis=1) >= MIN_BCA_SIDE
    enough = totals.shape[1] >= MIN_BCA_QUESTIONS
    return np.asarray(some & others & enough, np.bool_)


def with_half_a_pair(differences: Floats, sizes_a: Floats, sizes_b: Floats) -> Floats:
    """Add two pseudo-questions on which the regions differ, half an answer in each direction.

    Without them regions that never differ would be known to be equal without doubt, and a bootstrap
    of 20 questions would cover 89 % instead of 95 %. They differ as much as the questions that do
    differ, and at least as much as one of the repeats makes.

    Args:
        differences: Difference of two rates per question, groups x questions.
        sizes_a: Answers behind the first rate, same shape.
        sizes_b: Answers behind the second rate.

    Returns:
        groups x (questions + 2); the means stay what they are but for the factor n / (n + 2).
    """
    answer = (1 / np.minimum(sizes_a, MAX_REPEATS) + 1 / np.minimum(sizes_b, MAX_REPEATS)) / 2
    sizes = np.abs(differences)
    differing = np.maximum(1, (sizes > TOLERANCE).sum(axis=1, keepdims=True))
    usual = sizes.sum(axis=1, keepdims=True) / differing
    pseudo = np.sqrt(np.maximum(usual, answer.mean(axis=1, keepdims=True)) / 2)
    return np.concatenate([differences, pseudo, -pseudo], axis=1)


def paired_interval(padded: Floats, alpha: float | Floats = ALPHA) -> Floats:
    """Interval of a mean difference per question.

    Args:
        padded: ``with_half_a_pair``.
        alpha: One minus the level, for all or for each group.

    Returns:
        groups x (low, high), within -1 and 1.
    """
    return np.clip(bca_interval(padded, np.ones_like(padded), alpha), -1, 1)


def paired_equivalence_p(padded: Floats) -> Floats:
    """Two one-sided t-tests that the mean difference lies outside the margin.

    Args:
        padded: ``with_half_a_pair``.

    Returns:
        The larger of the two p per group.
    """
    p_values, _, _ = DescrStatsW(padded.T).ttost_mean(-EQUIVALENCE_MARGIN, EQUIVALENCE_MARGIN)
    return np.asarray(p_values, np.float64)


def independent_interval(
    rates_a: Floats,
    answers_a: Floats,
    rates_b: Floats,
    answers_b: Floats,
    alpha: float | Floats = ALPHA,
) -> Floats:
    """Newcombe's interval of a difference of independent rates (his method 10).

    Args:
        rates_a: First rates.
        answers_a: (Effective) answers behind them.
        rates_b: Second rates.
        answers_b: (Effective) answers behind them.
        alpha: One minus the level, for all or for each group.

    Returns:
        groups x (low, high) of first minus second.
    """
    low, high = confint_proportions_2indep(
        rates_a * answers_a,
        answers_a,
        rates_b * answers_b,
        answers_b,
        method="newcomb",
        compare="diff",
        alpha=alpha,
    )
    return np.stack([low, high], axis=1)


def independent_equivalence_p(
    rates_a: Floats, answers_a: Floats, rates_b: Floats, answers_b: Floats
) -> Floats:
    """Two one-sided tests that the difference of independent rates lies outside the margin.

    Args:
        rates_a: First rates.
        answers_a: (Effective) answers behind them.
        rates_b: Second rates.
        answers_b: (Effective) answers behind them.

    Returns:
        The larger of the two p per group.
    """
    # The library also computes ratios, which are undefined for rates of 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        result = tost_proportions_2indep(
            rates_a * answers_a,
            answers_a,
            rates_b * answers_b,
            answers_b,
            -EQUIVALENCE_MARGIN,
            EQUIVALENCE_MARGIN,
        )
    return np.asarray(result.pvalue, np.float64)


def independent_p(rate_a: float, answers_a: float, rate_b: float, answers_b: float) -> float:
    """Fisher's exact test of two independent rates.

    Args:
        rate_a: First rate.
        answers_a: (Effective) answers behind it; rounded to whole answers.
        rate_b: Second rate.
        answers_b: (Effective) answers behind it.

    Returns:
        Two-sided p.
    """
    table = [
        [hits, max(1, round(answers)) - hits]
        for rate, answers in ((rate_a, answers_a), (rate_b, answers_b))
        for hits in [round(rate * max(1, round(answers)))]
    ]
    return float(fisher_exact(table).pvalue)


def mean_interval(values: Floats) -> tuple[Floats, list[str]]:
    """Interval of the mean of any measure of questions.

    The bootstrap is widened by Student's quantiles (Hesterberg, The American Statistician 69, 2015)
    and left out where so few questions hold no tail to draw from.

    Args:
        values: groups x questions, at least 2 of them.

    Returns:
        groups x (low, high), and the method of each group: bca, student_t, or unseen_share where
        all questions have one value. Then up to 1 - 0.05^(1/n) of all questions may still differ.
    """
    questions = values.shape[1]
    if questions >= MIN_BCA_MEAN:
        quantile = t.ppf(1 - ALPHA / 2, questions - 1)
        widened = 2 * float(ndtr(-quantile * np.sqrt(questions / (questions - 1))))
        interval, method = bca_interval(values, np.ones_like(values), widened), "bca"
    else:
        interval, method = np.stack(DescrStatsW(values.T).tconfint_mean(ALPHA), axis=1), "student_t"
    constant = np.ptp(values, axis=1) <= TOLERANCE
    unseen = 1 - ALPHA ** (1 / questions)
    mean = values.mean(axis=1)
    interval[constant] = np.stack([mean - unseen, mean + unseen], axis=1)[constant]
    return interval, ["unseen_share" if each else method for each in constant]
