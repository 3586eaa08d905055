"""Two regions compared: the same model, the same questions.

Belongs here: the effect with interval, test, power and equivalence. Does not belong here: which
questions are compared (matching), the verdict over all pairs of a model (verdicts), texts (texts).

The unit is the question. Its repeats enter as one refusal rate per region: `risk_difference` is the
mean of the differences of these rates, and a question is discordant (b, c) when they differ. Where
one region was asked more often, a draw of as many of its answers as the other has stands for it in
b and c: with unequal numbers one rate would be the higher one more often by chance alone.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from dagster_project.analyse import EQUIVALENCE_MARGIN
from dagster_project.analyse.adjustment import with_q_values
from dagster_project.analyse.intervals import (
    independent_equivalence_p,
    independent_interval,
    independent_p,
    paired_equivalence_p,
    paired_interval,
    with_half_a_pair,
)
from dagster_project.analyse.matching import region_pairs, shared_questions
from dagster_project.analyse.power import (
    MIN_DISCORDANT,
    mcnemar_exact_p,
    minimum_detectable_effect,
)
from dagster_project.analyse.rates import MIN_QUESTIONS_COMPARED, with_intervals
from dagster_project.analyse.reasons import status
from dagster_project.analyse.resampling import ALPHA, Floats, stacked

MIN_PAIRS = 10
"""Questions answered in both regions to compare them question by question."""
MIN_EQUIVALENCE = 50
"""Questions to call two regions equivalent."""

PAIR = ("region_a", "region_b")

_EFFECT = pl.Schema(
    {
        "rate_a": pl.Float64(),
        "rate_b": pl.Float64(),
        "risk_difference": pl.Float64(),
        "ci_low": pl.Float64(),
        "ci_high": pl.Float64(),
        "method": pl.String(),
        "test": pl.String(),
        "p_value": pl.Float64(),
        "minimum_detectable_effect": pl.Float64(),
        "equivalence_p": pl.Float64(),
    }
)
_LISTS = ("refused_a", "scored_a", "refused_b", "scored_b", "drawn_a", "drawn_b")
_ANSWERED_TWICE = (pl.col("scored_a") > 0) & (pl.col("scored_b") > 0)


def pair_effects(cells: pl.DataFrame, keys: Sequence[str], family: Sequence[str]) -> pl.DataFrame:
    """Compare the refusal rates of every two regions.

    Args:
        cells: One row per ``keys``, ``region`` and ``question_id`` with the counts ``answered,
            failed, blocked, scored, refused``, no nulls.
        keys: Columns that name a group, such as period and model; carried through.
        family: Those of ``keys`` within which all tests are adjusted together: all but the model,
            so that a family is every model and pair of regions of one period.

    Returns:
        One row per ``keys, region_a, region_b``, sorted by them; docs/metrics.md describes the
        columns. ``design`` is paired from ``MIN_PAIRS`` shared questions, else unpaired where both
        regions have ``MIN_QUESTIONS_COMPARED``. Effects are null unless ``status`` is ok.
    """
    grain = [*keys, *PAIR]
    shared = shared_questions(cells, keys)
    pairs = _pairs(cells, shared, keys)
    effects = pl.concat(
        [
            _paired(shared.filter(_ANSWERED_TWICE), grain),
            _unpaired(pairs.filter(pl.col("design") == "unpaired"), grain),
        ]
    )
    found = pl.col("reason").is_null()
    return (
        with_q_values(pairs.join(effects, on=grain, how="left", nulls_equal=True), family)
        .with_columns(
            p_reason=pl.when(pl.col("p_value").is_null()).then(
                pl.coalesce("reason", pl.lit("too_few_discordant"))
            ),
            mde_reason=pl.when(pl.col("minimum_detectable_effect").is_null()).then(
                pl.coalesce("reason", _UNDETECTABLE)
            ),
            equivalence_reason=pl.when(pl.col("equivalence_p").is_null()).then(
                pl.coalesce("reason", pl.lit("too_few_questions"))
            ),
            is_equivalent=pl.when(pl.col("equivalence_p").is_not_null()).then(_EQUIVALENT),
            status=status(pl.col("reason"), "no_answers", "all_technical_failures"),
            **{name: pl.when(found).then(pl.col(name)) for name in _BOUNDS},
        )
        .select(*grain, *_COLUMNS)
        .sort(grain)
    )


# The t-test alone errs in 5.3 % of cases; the interval agrees with what is shown.
_EQUIVALENT = (
    (pl.col("equivalence_p") < ALPHA)
    & (pl.col("ci_low") > -EQUIVALENCE_MARGIN)
    & (pl.col("ci_high") < EQUIVALENCE_MARGIN)
)
_UNDETECTABLE = (
    pl.when(pl.col("design") == "unpaired")
    .then(pl.lit("no_shared_questions"))
    .otherwise(pl.lit("not_detectable"))
)
_BOUNDS = ("difference_failures_answered", "difference_failures_refused", "bound_low", "bound_high")
_COLUMNS = (
    "design",
    "n_pairs",
    "b",
    "c",
    "questions_a",
    "questions_b",
    *_EFFECT,
    "q_value",
    "p_reason",
    "mde_reason",
    "is_equivalent",
    "equivalence_reason",
    *_BOUNDS,
    "status",
    "reason",
)


def _pairs(cells: pl.DataFrame, shared: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Every two regions with what they share, what each has alone, and how to compare them."""
    grain = [*keys, *PAIR]
    matched = shared.group_by(grain).agg(
        n_pairs=_ANSWERED_TWICE.sum().cast(pl.Int64),
        b=_count(_ANSWERED_TWICE & (pl.col("drawn_a") > pl.col("drawn_b"))),
        c=_count(_ANSWERED_TWICE & (pl.col("drawn_a") < pl.col("drawn_b"))),
        **_bounds(),
    )
    pairs = region_pairs(cells, keys).join(matched, on=grain, how="left", nulls_equal=True)
    regions = _regions(cells, keys)
    names = regions.columns[len(keys) :]
    for side in "ab":
        alone = regions.rename({name: f"{name}_{side}" for name in names})
        pairs = pairs.join(alone, on=[*keys, f"region_{side}"], how="left", nulls_equal=True)
    counts = ("n_pairs", "b", "c")
    questions = pl.min_horizontal("questions_a", "questions_b")
    pairs = pairs.with_columns(pl.col(counts).fill_null(0)).with_columns(
        design=pl.when((pl.col("n_pairs") < MIN_PAIRS) & (questions >= MIN_QUESTIONS_COMPARED))
        .then(pl.lit("unpaired"))
        .otherwise(pl.lit("paired"))
    )
    return pairs.with_columns(
        reason=pl.when(questions == 0)
        .then(pl.coalesce("silence_a", "silence_b"))
        .when((pl.col("design") == "paired") & (pl.col("n_pairs") < MIN_PAIRS))
        .then(pl.lit("too_few_common_questions"))
    )


def _count(condition: pl.Expr) -> pl.Expr:
    return condition.sum().cast(pl.Int64)


def _bounds() -> dict[str, pl.Expr]:
    """The risk difference had the missing answers been answered or refused."""
    rates = {}
    for side in "ab":
        attempts = pl.col(f"scored_{side}") + pl.col(f"missing_{side}")
        refused = pl.col(f"refused_{side}")
        rates[f"low_{side}"] = refused / attempts
        rates[f"high_{side}"] = (refused + pl.col(f"missing_{side}")) / attempts
    return {
        "difference_failures_answered": (rates["low_a"] - rates["low_b"]).mean(),
        "difference_failures_refused": (rates["high_a"] - rates["high_b"]).mean(),
        "bound_low": (rates["low_a"] - rates["high_b"]).mean(),
        "bound_high": (rates["high_a"] - rates["low_b"]).mean(),
    }


def _regions(cells: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Each region alone: its refusal rate, its questions, and why it has none."""
    grain = [*keys, "region"]
    rates = with_intervals(
        cells.select(*grain, "question_id", hits="refused", answers="scored"), grain
    )
    failed = (pl.col("failed") + pl.col("blocked")).sum() > 0
    return (
        cells.group_by(grain)
        .agg(
            questions=_count(pl.col("scored") > 0),
            silence=pl.when(pl.col("scored").sum() == 0).then(
                pl.when(failed)
                .then(pl.lit("all_technical_failures"))
                .otherwise(pl.lit("no_answers"))
            ),
        )
        .join(rates.select(*grain, "estimate", "effective"), on=grain, how="left", nulls_equal=True)
        .select(*grain, "questions", "silence", "estimate", "effective")
    )


def _paired(shared: pl.DataFrame, grain: list[str]) -> pl.DataFrame:
    """Effects of the pairs of regions that share enough questions."""
    groups = (
        shared.group_by(grain, maintain_order=True)
        .agg(_LISTS)
        .filter(pl.col("scored_a").list.len() >= MIN_PAIRS)
    )
    effects = [_EFFECT.to_frame()]
    order = [np.empty(0, np.int64)]
    for rows, matrices in stacked(groups, _LISTS):
        order.append(rows)
        effects.append(_paired_effects(matrices))
    return groups[np.concatenate(order)].select(grain).hstack(pl.concat(effects))


def _paired_effects(matrices: list[Floats]) -> pl.DataFrame:
    """Effects of pairs of regions that share equally many questions; ``_LISTS`` as matrices."""
    refused_a, scored_a, refused_b, scored_b, drawn_a, drawn_b = matrices
    questions = refused_a.shape[1]
    rates_a, rates_b = refused_a / scored_a, refused_b / scored_b
    differences = rates_a - rates_b
    padded = with_half_a_pair(differences, scored_a, scored_b)
    interval = paired_interval(padded)
    b, c = (drawn_a > drawn_b).sum(axis=1), (drawn_a < drawn_b).sum(axis=1)
    tested = b + c >= MIN_DISCORDANT
    equivalence = (
        paired_equivalence_p(padded)
        if questions >= MIN_EQUIVALENCE
        else np.full(len(padded), np.nan)
    )
    detectable = _detectable(refused_a + refused_b, scored_a, scored_b)
    return pl.DataFrame(
        {
            "rate_a": rates_a.mean(axis=1),
            "rate_b": rates_b.mean(axis=1),
            "risk_difference": differences.mean(axis=1),
            "ci_low": interval[:, 0],
            "ci_high": interval[:, 1],
            "method": ["bca_paired"] * len(padded),
            "test": ["mcnemar_exact" if each else None for each in tested],
            "p_value": np.where(tested, mcnemar_exact_p(b, c), np.nan),
            "minimum_detectable_effect": detectable,
            "equivalence_p": equivalence,
        },
        schema=_EFFECT,
    ).with_columns(pl.col("p_value", "equivalence_p").fill_nan(None))


def _detectable(refused: Floats, scored_a: Floats, scored_b: Floats) -> list[float | None]:
    """Minimum detectable effects, from how alike two answers to one question are."""
    scored = scored_a + scored_b
    rate = (refused.sum(axis=1) + 0.5) / (scored.sum(axis=1) + 1)
    independent = rate * (1 - rate)
    # Unbiased p (1 - p) of each question, with one question of independent answers added.
    within = (refused * (scored - refused) / (scored * (scored - 1))).sum(axis=1)
    correlation = 1 - (within + independent) / (refused.shape[1] + 1) / independent
    repeats = 2 / (1 / scored_a + 1 / scored_b).mean(axis=1)
    return [
        minimum_detectable_effect(refused.shape[1], *parameters)
        for parameters in zip(repeats.tolist(), rate.tolist(), correlation.tolist(), strict=True)
    ]


def _unpaired(pairs: pl.DataFrame, grain: list[str]) -> pl.DataFrame:
    """Effects of regions that share too few questions, as if all their questions differed."""
    names = ("estimate_a", "effective_a", "estimate_b", "effective_b")
    regions = [pairs[name].to_numpy() for name in names]
    rates_a, _, rates_b, _ = regions
    interval = independent_interval(*regions)
    questions = pairs.select(pl.min_horizontal("questions_a", "questions_b")).to_series()
    equivalence = np.where(
        questions.to_numpy() >= MIN_EQUIVALENCE, independent_equivalence_p(*regions), np.nan
    )
    effects = pl.DataFrame(
        {
            "rate_a": rates_a,
            "rate_b": rates_b,
            "risk_difference": rates_a - rates_b,
            "ci_low": interval[:, 0],
            "ci_high": interval[:, 1],
            "method": ["newcombe"] * len(pairs),
            "test": ["fisher_exact"] * len(pairs),
            "p_value": [independent_p(*region) for region in zip(*regions, strict=True)],
            "minimum_detectable_effect": [None] * len(pairs),
            "equivalence_p": equivalence,
        },
        schema=_EFFECT,
    )
    return pairs.select(grain).hstack(effects.with_columns(pl.col("equivalence_p").fill_nan(None)))
