"""Rates of one model in one region: coverage, failures, provider blocks, refusals.

Belongs here: from counts per question to rates with intervals. Does not belong here: comparing
regions (effects). docs/decisions/0032 says why these intervals.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import bootstrap, norm, t
from statsmodels.stats.proportion import proportion_confint

from dagster_project.analyse import ALPHA
from dagster_project.analyse.flips import Floats, products, stacked
from dagster_project.analyse.reasons import status
from dagster_project.score.our_jobs import MIN_ANSWERS

MIN_QUESTIONS_SHOWN = 5
"""Questions with a scored answer to show a refusal rate."""
MIN_QUESTIONS_COMPARED = 20
"""Questions with a scored answer in each region to compare regions that share too few of them."""

ATTEMPTS = pl.col("answered") + pl.col("failed") + pl.col("blocked")

METRICS = {
    "coverage": (pl.col("answered"), pl.col("expected")),
    "failure_rate": (pl.col("failed"), ATTEMPTS),
    "provider_block_rate": (pl.col("blocked"), ATTEMPTS),
    "refusal_rate": (pl.col("refused"), pl.col("scored")),
}
"""Per metric what counts, k, and of what, n. Refusals are those of the first generation."""

MIN_BCA_QUESTIONS = 20
MIN_BCA_SIDE = 10
"""The bootstrap holds from here: questions, and of those with some and with others."""
PSEUDO_WEIGHT = 0.25
"""Of two pseudo-questions, one refused and one answered, that keep a variance above 0."""
MIN_DAY_SHARE = 0.1
"""Part of a rate's variance that days must add to change its interval."""

_RESAMPLES = 4_000
_SEED = 20_260_101
_NUMBERS_AT_ONCE = 20_000_000

_SUMS = ("hits", "answers", "questions", "hits2", "hits_answers", "answers2")
_NOT_APPLICABLE = ("nothing_expected", "no_attempts", "no_answers", "all_technical_failures")


def region_rates(
    counts: pl.DataFrame, keys: Sequence[str], days: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Compute the rates of each region with 95 % intervals over questions and days.

    Args:
        counts: One row per ``keys``, ``region`` and ``question_id`` with the counts ``expected,
            answered, failed, blocked, scored, refused``, no nulls.
        keys: Columns that name a group, such as period and model; carried through.
        days: ``over_days`` of the same groups.

    Returns:
        One row per ``keys``, ``region`` and ``metric``, sorted by them: ``k`` of ``n`` answers to
        ``questions`` questions, ``estimate, ci_low, ci_high`` (null unless ``status`` is ok),
        ``method`` (wilson, wilson_clustered, bca_clustered, wilson_two_way), ``effective`` (how
        many independent answers they are worth), ``status, reason`` and ``comparable`` (enough
        questions to compare the region with another).
    """
    grain = [*keys, "region", "metric"]
    counted = _counted(counts, [*keys, "region"])
    groups = counted.group_by(grain).agg(
        k=pl.col("hits").sum(),
        n=pl.col("answers").sum(),
        questions=(pl.col("answers") > 0).sum().cast(pl.Int64),
        _failures=pl.col("failures").sum(),
    )
    rates = with_intervals(counted, grain)
    if days is not None:
        rates = _over_days(rates, days, grain)
    reason = _reason()
    shown = reason.is_null()
    return (
        groups.join(rates, on=grain, how="left", nulls_equal=True)
        .select(
            *grain,
            "k",
            "n",
            "questions",
            *(
                pl.when(shown).then(pl.col(name)).alias(name)
                for name in ("estimate", "effective", "ci_low", "ci_high", "method")
            ),
            status=status(reason, *_NOT_APPLICABLE),
            reason=reason,
            comparable=shown & (pl.col("questions") >= MIN_QUESTIONS_COMPARED),
        )
        .sort(grain)
    )


def _counted(counts: pl.DataFrame, grain: Sequence[str]) -> pl.DataFrame:
    """One row per metric and question: how many answers count, of how many."""
    return pl.concat(
        [
            counts.select(
                *grain,
                "question_id",
                metric=pl.lit(metric),
                hits=hits.cast(pl.Int64),
                answers=answers.cast(pl.Int64),
                failures=(pl.col("failed") + pl.col("blocked")).cast(pl.Int64),
            )
            for metric, (hits, answers) in METRICS.items()
        ]
    )


def over_days(counts: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Compute what the variance of rates over days is made of.

    Args:
        counts: As for ``region_rates``, but of each ``job_day``.
        keys: Columns that name a group.

    Returns:
        One row per ``keys, region`` and ``metric``: ``day_count``, ``answers``, and the squares and
        products of hits and answers, summed of days (``day_*``) and of their questions.
    """
    grain = [*keys, "region", "metric"]
    days = (
        _counted(counts, [*keys, "region", "job_day"])
        .filter(pl.col("answers") > 0)
        .group_by([*grain, "job_day"])
        .agg(pl.col("hits", "answers").sum(), **_squares("question_day_"))
    )
    return days.group_by(grain).agg(
        pl.col("answers", "^question_day_.*$").sum(), day_count=pl.len(), **_squares("day_")
    )


def _squares(prefix: str = "") -> dict[str, pl.Expr]:
    hits, answers = (pl.col(name).cast(pl.Float64) for name in ("hits", "answers"))
    return {
        f"{prefix}hits2": (hits * hits).sum(),
        f"{prefix}hits_answers": (hits * answers).sum(),
        f"{prefix}answers2": (answers * answers).sum(),
    }


def _reason() -> pl.Expr:
    is_refusal = pl.col("metric") == "refusal_rate"
    nothing = (
        pl.when(pl.col("metric") == "coverage")
        .then(pl.lit("nothing_expected"))
        .when(~is_refusal)
        .then(pl.lit("no_attempts"))
        .when(pl.col("_failures") > 0)
        .then(pl.lit("all_technical_failures"))
        .otherwise(pl.lit("no_answers"))
    )
    return (
        pl.when(pl.col("n") == 0)
        .then(nothing)
        .when(is_refusal & (pl.col("questions") < MIN_QUESTIONS_SHOWN))
        .then(pl.lit("too_few_questions"))
        .when(~is_refusal & (pl.col("n") < MIN_ANSWERS))
        .then(pl.lit("too_few_answers"))
    )


def with_intervals(counted: pl.DataFrame, grain: Sequence[str]) -> pl.DataFrame:
    """Compute rates and intervals of all groups, whatever their size.

    Args:
        counted: One row per ``grain`` and ``question_id``: ``hits`` of ``answers``.
        grain: Columns that name a group.

    Returns:
        One row per group with at least one answer: ``estimate, effective, ci_low, ci_high,
        method``, where ``effective`` is the number of independent answers that the answers are
        worth.
    """
    groups = (
        counted.filter(pl.col("answers") > 0)
        .sort("question_id")
        .group_by(grain, maintain_order=True)
        .agg(
            pl.col("hits", "answers").sum().cast(pl.Float64),
            questions=pl.len().cast(pl.Float64),
            **_squares(),
            _hits="hits",
            _answers="answers",
        )
    )
    sums = RateSums(*(groups[name].to_numpy() for name in _SUMS))
    rate, effective = sums.hits / sums.answers, effective_answers(sums)
    interval = wilson_interval(rate, effective)
    method = np.where(sums.answers == sums.questions, "wilson", "wilson_clustered").astype(object)
    for rows, (totals, sizes) in stacked(groups, ("_hits", "_answers")):
        holds = bootstrap_holds(totals, sizes) & (sizes > 1).any(axis=1)
        if holds.any():
            interval[rows[holds]] = bca_interval(totals[holds], sizes[holds])
            method[rows[holds]] = "bca_clustered"
    return groups.select(grain).with_columns(
        estimate=pl.Series(rate),
        effective=pl.Series(effective),
        ci_low=pl.Series(interval[:, 0]),
        ci_high=pl.Series(interval[:, 1]),
        method=pl.Series(method.tolist(), dtype=pl.String),
    )


def _over_days(rates: pl.DataFrame, days: pl.DataFrame, grain: Sequence[str]) -> pl.DataFrame:
    """Widen intervals by what days add to a rate's variance beyond its answers.

    The second cluster of Cameron, Gelbach and Miller: by day less by question and day.
    """
    rate, number = pl.col("estimate"), pl.col("day_count")
    by_day, by_both = (
        (
            pl.col(f"{of}_hits2")
            - 2 * rate * pl.col(f"{of}_hits_answers")
            + rate**2 * pl.col(f"{of}_answers2")
        )
        / pl.col("answers") ** 2
        for of in ("day", "question_day")
    )
    own = rate * (1 - rate) / pl.col("effective")
    added = (by_day * number / (number - 1) - by_both).fill_nan(0.0).fill_null(0.0).clip(0)
    wide = rates.join(days, on=list(grain), how="left", nulls_equal=True).with_columns(
        _days=pl.when(number > 1).then(added).otherwise(0.0), _own=own
    )
    # A variance of few days is known badly: Student's quantile for the normal one.
    degrees = wide["day_count"].fill_null(2).clip(2).to_numpy() - 1
    wide = wide.with_columns(
        pl.col("_days") * pl.Series((t.ppf(1 - ALPHA / 2, degrees) / norm.ppf(1 - ALPHA / 2)) ** 2)
    )
    moved = wide["_days"].to_numpy() > MIN_DAY_SHARE * wide["_own"].to_numpy()
    moved &= wide["_own"].to_numpy() > 0
    shares = wide["estimate"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(
            moved,
            shares * (1 - shares) / (wide["_own"] + wide["_days"]).to_numpy(),
            wide["effective"].to_numpy(),
        )
    interval = wilson_interval(shares, np.maximum(effective, 1))
    choose = pl.lit(pl.Series(moved))
    return wide.select(
        *grain,
        "estimate",
        "effective",
        ci_low=pl.when(choose)
        .then(pl.min_horizontal("ci_low", pl.lit(pl.Series(interval[:, 0]))))
        .otherwise("ci_low"),
        ci_high=pl.when(choose)
        .then(pl.max_horizontal("ci_high", pl.lit(pl.Series(interval[:, 1]))))
        .otherwise("ci_high"),
        method=pl.when(choose).then(pl.lit("wilson_two_way")).otherwise("method"),
    )


def bca_interval(totals: Floats, sizes: Floats) -> Floats:
    """BCa bootstrap intervals of ratios of sums, questions drawn; groups x (low, high)."""
    step = max(1, _NUMBERS_AT_ONCE // _RESAMPLES)
    blocks = [
        bootstrap(
            (np.arange(totals.shape[1]),),
            _Ratios(totals[start : start + step], sizes[start : start + step]),
            n_resamples=_RESAMPLES,
            vectorized=True,
            method="BCa",
            rng=np.random.default_rng(_SEED),
        ).confidence_interval
        for start in range(0, len(totals), step)
    ]
    return np.concatenate([np.stack([block.low, block.high], axis=1) for block in blocks])


@dataclass(frozen=True)
class _Ratios:
    """Ratios of groups that all draw the same questions, so that one product sums for all."""

    totals: Floats
    sizes: Floats

    def __call__(self, drawn: NDArray[np.int64], axis: int) -> Floats:
        """Return groups x draws; ``drawn`` holds places of questions along its last axis."""
        questions = self.totals.shape[1]
        draws = np.atleast_2d(drawn)
        places = draws + questions * np.arange(len(draws))[:, None]
        times = np.bincount(places.ravel(), minlength=questions * len(draws))
        times = times.reshape(len(draws), questions)
        ratios = products(self.totals, times) / products(self.sizes, times)
        return ratios.reshape(len(ratios), *drawn.shape[:axis])


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
