"""Two regions compared: the same model, the same questions, within one job.

Belongs here: the effect with its test, interval and power in each scope, the verdict over all pairs
of a model, the effect on each question. Does not belong here: which answers are contrasted (dbt's
int_question_contrasts__daily), sign flips (flips), one job (jobs).

The contrast d of a question on a day is the sum over the day's jobs of the refusal rate in region_a
minus that in region_b. The effect is the mean over questions of a question's mean d: every
question weighs the same, however often it was asked.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl
from scipy.stats import false_discovery_control, t
from statsmodels.stats.proportion import proportion_confint

from dagster_project.analyse import (
    ALPHA,
    EQUIVALENCE_MARGIN,
    MIN_DAYS,
    MIN_QUESTION_DAYS,
    MIN_QUESTIONS,
)
from dagster_project.analyse.flips import (
    TOLERANCE,
    joint_flips,
    sign_flips,
    stacked,
)
from dagster_project.analyse.quality import PAIR, PairErrors, tipping_gap, with_corrections
from dagster_project.analyse.reasons import (
    DIFFERENCE_DETECTED,
    EQUIVALENT,
    INCONCLUSIVE,
    INSUFFICIENT_DATA,
)

MIN_PAIRED_SHARE = 0.2
"""Of a pair's answers, the share that must have a partner in its job."""
FEW_DISCORDANT = 12
"""Days (in a job: questions) that differ, below which an interval allows for answers not seen."""
FEW_QUESTIONS = 20
"""Questions below which an interval without a difference allows for questions not seen."""

POWER = 0.80
CONCENTRATION = 4
"""A concentrated effect lies on one question of so many."""

COLUMNS = (
    *("pairing", "questions", "days", "question_days", "contrasts"),
    *("rate_a", "rate_b", "risk_difference", "ci_low", "ci_high", "method", "p_value", "q_value"),
    *("minimum_detectable_effect", "minimum_detectable_effect_concentrated"),
    *("bound_low", "bound_high", "final_rate_a", "final_rate_b", "final_difference"),
    *("correction", "correction_reason"),
    *("corrected_difference", "corrected_ci_low", "corrected_ci_high", "tipping_gap"),
    *("verdict", "verdict_reason"),
)
_SHOWN = COLUMNS[5:-2]


def pair_effects(
    contrasts: pl.DataFrame,
    keys: Sequence[str],
    family: Sequence[str],
    errors: PairErrors | None = None,
) -> pl.DataFrame:
    """Compare the refusal rates of every two regions, in each scope.

    Args:
        contrasts: Rows of int_question_contrasts__daily with ``keys`` added, after
            ``corrected_contrasts``.
        keys: Columns that name a group, such as period, workflow and model; carried through.
        family: Those of ``keys`` within which all tests are adjusted together.
        errors: How well refusals are told in both regions of a pair; None when nothing is known.

    Returns:
        One row per ``keys, region_a, region_b, scope``, sorted by them, with ``COLUMNS``; values
        are null where the verdict is insufficient_data.
    """
    grain = [*keys, *PAIR]
    parts = contrast_parts(paired(contrasts, keys), grain)
    pairs = (
        region_pairs(contrasts, keys)
        .join(_described(parts, grain), on=grain, how="left", nulls_equal=True)
        .with_columns(pl.col("questions", "days", "question_days", "contrasts").fill_null(0))
        .join(pl.DataFrame({"scope": list(MIN_QUESTIONS)}), how="cross")
    )
    effects = pl.concat([these_questions(parts, grain), _questions_like_these(parts, grain)])
    enough = pl.col("questions") >= pl.col("scope").replace_strict(MIN_QUESTIONS)
    reason = (
        pl.when(pl.col("contrasts") == 0)
        .then(pl.lit("no_common_answers"))
        .when(~enough)
        .then(pl.lit("too_few_common_questions"))
        .when(pl.col("days") < MIN_DAYS)
        .then(pl.lit("too_few_days"))
        .when(pl.col("languages_differ") & pl.col("correction_reason").is_not_null())
        .then(pl.lit("unlabelled_language"))
    )
    tested = (
        pairs.join(effects, on=[*grain, "scope"], how="left", nulls_equal=True)
        .pipe(with_allowance)
        .pipe(with_corrections, errors)
        .with_columns(pl.col("rate_a", "rate_b").clip(0, 1), verdict_reason=reason)
        .with_columns(p_value=pl.when(reason.is_null()).then("p_value"))
        .pipe(with_q_values, family)
        .pipe(_with_detectable_effects)
        .with_columns(verdict=pair_verdict())
        .with_columns(tipping_gap=tipping_gap())
    )
    shown = pl.col("verdict_reason").is_null()
    return (
        tested.with_columns(pl.when(shown).then(pl.col(name)).alias(name) for name in _SHOWN)
        .select(*grain, "scope", *COLUMNS)
        .sort(*grain, "scope")
    )


def region_pairs(contrasts: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """List every two regions of each group that answered: ``keys, region_a, region_b``."""
    alone = contrasts.filter(pl.col("pairing") == "none")
    regions = alone.select(*keys, "region_a").unique()
    others = regions.rename({"region_a": "region_b"})
    return regions.join(others, on=list(keys), nulls_equal=True).filter(
        pl.col("region_a") < pl.col("region_b")
    )


def paired(contrasts: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Keep the contrasts within jobs, or those within days where too few answers have a partner."""
    grain = [*keys, *PAIR]
    alone = (
        contrasts.filter(pl.col("pairing") == "none")
        .group_by([*keys, "region_a"])
        .agg(answers=pl.col("scored_a").sum())
    )
    in_jobs = pl.col("pairing") == "job"
    chosen = (
        contrasts.filter(pl.col("pairing") != "none")
        .group_by(grain)
        .agg(partnered=(pl.col("scored_a") + pl.col("scored_b")).filter(in_jobs).sum())
        .join(alone, on=[*keys, "region_a"], nulls_equal=True)
        .join(
            alone.rename({"region_a": "region_b", "answers": "others"}),
            on=[*keys, "region_b"],
            nulls_equal=True,
        )
    )
    enough = pl.col("partnered") >= MIN_PAIRED_SHARE * (pl.col("answers") + pl.col("others"))
    pairing = pl.when(enough).then(pl.lit("job")).otherwise(pl.lit("day"))
    chosen = chosen.select(*grain, pairing=pairing.cast(contrasts.schema["pairing"]))
    return contrasts.join(chosen, on=[*grain, "pairing"], how="semi", nulls_equal=True)


def contrast_parts(contrasts: pl.DataFrame, grain: Sequence[str]) -> pl.DataFrame:
    """Add each question and day's part of the effect and its weight; weights add up to 1."""
    question = [*grain, "question_id"]
    both = pl.col("contrasts") > 0
    times = pl.col("contrasts").sum().over(question)
    return (
        contrasts.with_columns(questions=pl.col("question_id").filter(both).n_unique().over(grain))
        .with_columns(share=pl.when(both).then(1 / (times * pl.col("questions"))))
        .with_columns(
            part=(pl.col("rate_a_total") - pl.col("rate_b_total")) * pl.col("share"),
            weight=pl.col("contrasts") * pl.col("share"),
        )
    )


def _described(parts: pl.DataFrame, grain: list[str]) -> pl.DataFrame:
    """What a pair rests on, and its rates over the questions."""
    both = pl.col("contrasts") > 0
    per_question = parts.group_by([*grain, "question_id"]).agg(
        pl.col(name).sum() / pl.col(n).sum()
        for name, n in (
            ("rate_a_total", "contrasts"),
            ("rate_b_total", "contrasts"),
            ("final_rate_a_total", "final_contrasts"),
            ("final_rate_b_total", "final_contrasts"),
            ("bound_low_total", "attempted"),
            ("bound_high_total", "attempted"),
        )
    )
    means = per_question.group_by(grain).agg(
        pl.col("^(rate|final_rate|bound)_.*$").fill_nan(None).mean()
    )
    counts = parts.group_by(grain).agg(
        pairing=pl.col("pairing").first(),
        questions=pl.col("question_id").filter(both).n_unique().cast(pl.Int64),
        days=pl.col("job_day").filter(both).n_unique().cast(pl.Int64),
        question_days=both.sum().cast(pl.Int64),
        contrasts=pl.col("contrasts").sum().cast(pl.Int64),
        risk_difference=pl.col("part").sum(),
        positive=pl.col("part").clip(0).sum(),
        negative=(-pl.col("part")).clip(0).sum(),
        worth=1 / (pl.col("weight") ** 2).sum(),
    )
    return (
        counts.join(means, on=grain, nulls_equal=True)
        .rename(lambda name: name.removesuffix("_total"))
        .with_columns(final_difference=pl.col("final_rate_a") - pl.col("final_rate_b"))
    )


def these_questions(parts: pl.DataFrame, grain: list[str]) -> pl.DataFrame:
    """Test each group of ``contrast_parts`` by sign flips of whole days; from ``MIN_DAYS`` on."""
    days = (
        parts.select(*grain, "job_day", "contrasts", "part", "weight")
        .filter(pl.col("contrasts") > 0)
        .group_by([*grain, "job_day"])
        .agg(pl.col("part", "weight").sum())
        .sort("job_day")
        .group_by(grain, maintain_order=True)
        .agg("part", "weight", discordant=(pl.col("part").abs() > TOLERANCE).sum())
        .filter(pl.col("part").list.len() >= MIN_DAYS)
    )
    order, results = [np.empty(0, np.int64)], [_EFFECT.to_frame()]
    for rows, (sums, weights) in stacked(days, ("part", "weight")):
        p_value, interval = sign_flips(sums, weights)
        spread = sums - sums.sum(axis=1, keepdims=True) * weights
        order.append(rows)
        results.append(
            pl.DataFrame(
                {
                    "p_value": p_value,
                    "ci_low": interval[:, 0],
                    "ci_high": interval[:, 1],
                    "error": np.sqrt((spread**2).sum(axis=1)),
                    "clusters": [sums.shape[1]] * len(sums),
                },
                schema=_EFFECT,
            )
        )
    return (
        days[np.concatenate(order)]
        .select(*grain, "discordant")
        .hstack(pl.concat(results))
        .with_columns(scope=pl.lit("these_questions"), method=pl.lit("sign_flip_days"))
        .select(*grain, *_RESULT)
    )


_RESULT = ("scope", "method", "p_value", "ci_low", "ci_high", "error", "clusters", "discordant")
_EFFECT = pl.Schema(
    {
        "p_value": pl.Float64(),
        "ci_low": pl.Float64(),
        "ci_high": pl.Float64(),
        "error": pl.Float64(),
        "clusters": pl.Int64(),
    }
)


def _questions_like_these(parts: pl.DataFrame, grain: list[str]) -> pl.DataFrame:
    """Student's t with errors clustered by question and by day: on further questions of the kind.

    Source: Cameron, Gelbach & Miller, Journal of Business & Economic Statistics 29 (2011).
    """
    residual = pl.col("part") - pl.col("part").sum().over(grain) * pl.col("weight")
    left = (
        parts.select(*grain, "question_id", "job_day", "contrasts", "part", "weight")
        .filter(pl.col("contrasts") > 0)
        .with_columns(residual=residual)
    )
    groups = left.group_by(grain).agg(
        effect=pl.col("part").sum(), question_day=_clustered(pl.col("residual"))
    )
    for cluster, name in (("question", "question_id"), ("day", "job_day")):
        sums = left.group_by([*grain, name]).agg(
            pl.col("residual", "part").sum(),
        )
        groups = groups.join(
            sums.group_by(grain).agg(
                pl.len().cast(pl.Int64).alias(f"{cluster}s"),
                _clustered(pl.col("residual")).alias(cluster),
                (pl.col("part").abs() > TOLERANCE).sum().alias(f"{cluster}s_discordant"),
            ),
            on=grain,
            nulls_equal=True,
        )
    clusters = pl.min_horizontal("questions", "days")
    two_way = pl.col("question") + pl.col("day") - pl.col("question_day")
    tested = groups.filter(
        pl.col("questions") >= MIN_QUESTIONS["questions_like_these"], pl.col("days") >= MIN_DAYS
    ).select(
        *grain,
        "effect",
        clusters=clusters,
        discordant="questions_discordant",
        error=pl.max_horizontal(two_way, "question", "day").sqrt(),
    )
    effect, error = tested["effect"].to_numpy(), tested["error"].to_numpy()
    degrees = tested["clusters"].to_numpy() - 1
    half = t.ppf(1 - ALPHA / 2, degrees) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = np.where(error > 0, 2 * t.sf(np.abs(effect) / error, degrees), 1.0)
    return (
        tested.drop("effect")
        .with_columns(
            p_value=pl.Series(p_value, dtype=pl.Float64),
            ci_low=pl.Series(effect - half, dtype=pl.Float64),
            ci_high=pl.Series(effect + half, dtype=pl.Float64),
            scope=pl.lit("questions_like_these"),
            method=pl.lit("two_way_t"),
        )
        .select(*grain, *_RESULT)
    )


def _clustered(residual: pl.Expr) -> pl.Expr:
    """Variance of a sum of clusters' residuals, with the usual small-sample factor."""
    return (residual**2).sum() * pl.len() / (pl.len() - 1)


def with_allowance(effects: pl.DataFrame) -> pl.DataFrame:
    """Widen intervals that rest on few differing clusters or few questions by what was not seen.

    Regions that never differed would else be known to be equal without doubt. The allowance is that
    of two shares, of contrasts in favour of each region (Wilson's intervals, combined as Newcombe
    does); where a difference on further questions was not found, questions stand for contrasts.
    """
    like = pl.col("scope") == "questions_like_these"
    few = (pl.col("discordant") < FEW_DISCORDANT).fill_null(value=False)
    unseen = like & (pl.col("questions") < FEW_QUESTIONS) & (pl.col("p_value") > ALPHA)
    size = pl.when(unseen).then(pl.col("questions").cast(pl.Float64)).otherwise("worth")
    # Pairs without a contrast are worth nothing; they have no interval either.
    sized = effects.with_columns(_size=pl.when(size.is_finite()).then(size))
    shares = [sized[name].fill_null(0.0).to_numpy() for name in ("positive", "negative")]
    sizes = sized["_size"].fill_null(1.0).to_numpy()
    (up, up_low, up_high), (down, down_low, down_high) = (
        (share, *proportion_confint(share * sizes, sizes, alpha=ALPHA, method="wilson"))
        for share in (np.clip(share, 0, 1) for share in shares)
    )
    low = up - down - np.sqrt((up - up_low) ** 2 + (down_high - down) ** 2)
    high = up - down + np.sqrt((up_high - up) ** 2 + (down - down_low) ** 2)
    allowed = few | unseen.fill_null(value=False)
    tested = pl.col("p_value").is_not_null()
    return sized.with_columns(
        pl.when(tested)
        .then(pl.when(allowed).then(widest(own, pl.lit(pl.Series(end)))).otherwise(own).clip(-1, 1))
        .alias(own)
        for own, end, widest in (
            ("ci_low", low, pl.min_horizontal),
            ("ci_high", high, pl.max_horizontal),
        )
    ).drop("_size")


def with_q_values(tests: pl.DataFrame, family: Sequence[str]) -> pl.DataFrame:
    """Add Benjamini and Hochberg's q within each family, null where ``p_value`` is."""
    numbered = tests.with_row_index("_row")
    tested = numbered.filter(pl.col("p_value").is_not_null())
    families = tested.partition_by(list(family)) if family else [tested]
    adjusted = [
        rows.select("_row", q_value=pl.Series(false_discovery_control(rows["p_value"].to_numpy())))
        for rows in families
        if len(rows)
    ]
    empty = pl.DataFrame(schema={"_row": pl.UInt32, "q_value": pl.Float64})
    return numbered.join(
        pl.concat([empty, *adjusted]), on="_row", how="left", maintain_order="left"
    ).drop("_row")


def pair_verdict() -> pl.Expr:
    """What may be said of a pair with ``q_value``, its intervals, ``question_days``.

    Regions that the rules find equal must be so without the rules' error, too, where it is known.
    """
    margin = EQUIVALENCE_MARGIN
    within = (pl.min_horizontal("ci_low", "corrected_ci_low") > -margin) & (
        pl.max_horizontal("ci_high", "corrected_ci_high") < margin
    )
    without_zero = (pl.col("ci_low") > 0) | (pl.col("ci_high") < 0)
    return (
        pl.when(pl.col("p_value").is_null())
        .then(pl.lit(INSUFFICIENT_DATA))
        .when((pl.col("q_value") < ALPHA) & without_zero)
        .then(pl.lit(DIFFERENCE_DETECTED))
        .when(within & (pl.col("question_days") >= MIN_QUESTION_DAYS))
        .then(pl.lit(EQUIVALENT))
        .otherwise(pl.lit(INCONCLUSIVE))
    )


_SIMULATIONS = 500
_STEPS = np.arange(1, 101) / 100
_SEED = 20_260_102


def _with_detectable_effects(effects: pl.DataFrame) -> pl.DataFrame:
    """Add the smallest effects, in whole points, that the test finds in 4 of 5 cases.

    Simulated from each pair's own error, clusters, questions and rates: spread evenly over the
    questions, and on a quarter of them. Null where even the largest possible one is missed.
    """
    rows = effects.with_row_index("_row")
    tested = rows.filter(pl.col("p_value").is_not_null())
    found = tested.select(
        "_row",
        minimum_detectable_effect=detectable_effects(tested, 1),
        minimum_detectable_effect_concentrated=detectable_effects(tested, CONCENTRATION),
    )
    return rows.join(found, on="_row", how="left", maintain_order="left").drop("_row")


def detectable_effects(tested: pl.DataFrame, concentration: int) -> pl.Series:
    """Smallest detectable effects.

    An effect lies on one of ``concentration`` questions, so many times as large there. It changes
    how much answers vary, and, on further questions, how much questions differ.

    Args:
        tested: ``error, clusters, questions, worth, rate_a, rate_b, scope`` of each pair.
        concentration: 1 for an effect on all questions.

    Returns:
        One per pair, null where none is detectable.
    """
    names = ("error", "clusters", "questions", "worth", "rate_a", "rate_b")
    error, clusters, questions, worth, rate_a, rate_b = (
        tested[name].cast(pl.Float64).to_numpy()[:, None] for name in names
    )
    like = (tested["scope"] == "questions_like_these").to_numpy()[:, None]
    rate = ((rate_a + rate_b) / 2 * worth + 0.5) / (worth + 1)
    rate = np.minimum(rate, 1 - rate)
    local = np.minimum(rate + concentration * _STEPS, 1)
    before = rate * (1 - rate)
    after = (local * (1 - local) - before) / concentration + before
    own = np.maximum(error**2, 2 * before / worth)
    unequal = like * (concentration - 1) * _STEPS**2 / questions
    variance = own * (before + after) / (2 * before) + unequal
    # Sign flips of n clusters find about what Student's t on n finds.
    degrees = clusters - 1
    critical = t.ppf(1 - ALPHA / 2, degrees) * np.sqrt(clusters / degrees * variance)
    noise = np.random.default_rng(_SEED).standard_normal(_SIMULATIONS)
    found: list[float | None] = []
    for case in range(len(tested)):
        drawn = _STEPS[:, None] + np.sqrt(variance[case])[:, None] * noise
        power = (np.abs(drawn) > critical[case][:, None]).mean(axis=1)
        possible = rate[case] + concentration * _STEPS <= 1
        enough = np.flatnonzero((power >= POWER) & possible)
        found.append(float(_STEPS[enough[0]]) if len(enough) else None)
    return pl.Series(found, dtype=pl.Float64)


def model_verdicts(
    contrasts: pl.DataFrame, pairs: pl.DataFrame, keys: Sequence[str]
) -> pl.DataFrame:
    """Draw one verdict per scope from all pairs of regions of a model.

    Args:
        contrasts: As for ``pair_effects``.
        pairs: Its result.
        keys: Columns that name a group.

    Returns:
        One row per ``keys, scope``, sorted by them: ``regions, n_tests, n_significant, verdict,
        verdict_reason``; of the pair with the largest difference (a detected one, if any is)
        ``largest_*`` with an interval that allows for having picked it, its minimum detectable
        effects and ``tipping_gap``; ``failure_region_p, failure_region_reason``.
    """
    grain = [*keys, "scope"]
    alone = contrasts.filter(pl.col("pairing") == "none")
    groups = (
        alone.group_by(keys)
        .agg(regions=pl.col("region_a").n_unique().cast(pl.Int64))
        .join(pl.DataFrame({"scope": list(MIN_QUESTIONS)}), how="cross")
    )
    largest = largest_pairs(pairs, grain).join(
        _simultaneous(pairs, keys),
        on=[*grain, "largest_region_a", "largest_region_b"],
        how="left",
        nulls_equal=True,
    )
    own = ("largest_ci_low", "largest_ci_high")
    single = pl.col("verdict").is_null()
    return (
        groups.join(largest, on=grain, how="left", nulls_equal=True)
        .join(_failures(alone, keys), on=list(keys), how="left", nulls_equal=True)
        .with_columns(
            pl.col("n_tests", "n_significant").fill_null(0),
            pl.min_horizontal(own[0], "_low").clip(-1, 1).alias(own[0]),
            pl.max_horizontal(own[1], "_high").clip(-1, 1).alias(own[1]),
            verdict=pl.col("verdict").fill_null(INSUFFICIENT_DATA),
            verdict_reason=pl.when(single)
            .then(pl.lit("single_region"))
            .otherwise("verdict_reason"),
        )
        .drop("_low", "_high")
        .sort(grain)
    )


_LARGEST = (
    *("risk_difference", "ci_low", "ci_high", "q_value", "region_a", "region_b"),
    *("minimum_detectable_effect", "minimum_detectable_effect_concentrated", "tipping_gap"),
)


def largest_pairs(pairs: pl.DataFrame, grain: Sequence[str]) -> pl.DataFrame:
    """One row per group: its largest pair, counts of tests, and the verdict over all pairs."""
    detected = pl.col("verdict") == DIFFERENCE_DETECTED
    tested = pl.col("p_value").is_not_null()
    order = pairs.with_columns(_size=pl.col("risk_difference").abs().round(12)).sort(
        detected, "_size", *PAIR, descending=[True, True, False, False], nulls_last=True
    )
    return (
        order.group_by(grain, maintain_order=True)
        .agg(
            pl.col(_LARGEST).first(),
            n_tests=tested.sum().cast(pl.Int64),
            n_significant=detected.sum().cast(pl.Int64),
            _equivalent=(pl.col("verdict") == EQUIVALENT).all(),
            _reason=pl.col("verdict_reason").drop_nulls().mode().sort().first(),
        )
        .with_columns(
            verdict=pl.when(pl.col("n_significant") > 0)
            .then(pl.lit(DIFFERENCE_DETECTED))
            .when(pl.col("n_tests") == 0)
            .then(pl.lit(INSUFFICIENT_DATA))
            .when("_equivalent")
            .then(pl.lit(EQUIVALENT))
            .otherwise(pl.lit(INCONCLUSIVE)),
            verdict_reason=pl.when(pl.col("n_tests") == 0).then("_reason"),
        )
        .rename(
            {
                "risk_difference": "largest_difference",
                **{name: f"largest_{name}" for name in _LARGEST[1:6]},
            }
        )
        .drop("_equivalent", "_reason")
    )


def _simultaneous(pairs: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Intervals of all tested pairs that hold at once: Sidak's bound on the largest of their t.

    The quantile of jointly flipped days is smaller, and its intervals held in 92 % of the cases.
    """
    tested = pairs.filter(pl.col("p_value").is_not_null()).with_columns(
        _number=pl.len().over([*keys, "scope"])
    )
    level = 1 - (1 - ALPHA) ** (1 / tested["_number"].to_numpy())
    clusters = (
        pl.when(scope="these_questions")
        .then("days")
        .otherwise(pl.min_horizontal("questions", "days"))
    )
    degrees = tested.select(clusters - 1).to_series().to_numpy()
    scale = pl.Series(t.ppf(1 - level / 2, degrees) / t.ppf(1 - ALPHA / 2, degrees))
    effect = pl.col("risk_difference")
    return tested.select(
        *keys,
        "scope",
        largest_region_a="region_a",
        largest_region_b="region_b",
        _low=effect - (effect - pl.col("ci_low")) * pl.lit(scale),
        _high=effect + (pl.col("ci_high") - effect) * pl.lit(scale),
    )


def _failures(alone: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Whether failures are spread unevenly: sign flips of whole days, all pairs at once."""
    attempts = pl.col("scored_a") + pl.col("missing_a")
    days = (
        alone.group_by([*keys, "region_a", "job_day"])
        .agg(failed=pl.col("missing_a").sum(), attempts=attempts.sum())
        .filter(pl.col("attempts") > 0)
        .sort("region_a", "job_day")
    )
    tests = [
        (*key, *_failure_test(rows))
        for key, rows in days.partition_by(list(keys), as_dict=True).items()
    ]
    schema = {name: alone.schema[name] for name in keys}
    columns = {"failure_region_p": pl.Float64, "failure_region_reason": pl.String}
    return pl.DataFrame(tests, schema={**schema, **columns}, orient="row")


def _failure_test(days: pl.DataFrame) -> tuple[float | None, str | None]:
    rates = days.pivot("region_a", index="job_day", values=["failed", "attempts"])
    regions = days["region_a"].unique().sort().to_list()
    if len(regions) == 1:
        return None, "single_region"
    if not days["failed"].sum():
        return None, "no_failures"
    if days["job_day"].n_unique() < MIN_DAYS:
        return None, "too_few_days"
    parts = []
    for one, other in combinations(regions, 2):
        both = pl.col(f"attempts_{one}").is_not_null() & pl.col(f"attempts_{other}").is_not_null()
        difference = pl.col(f"failed_{one}") / pl.col(f"attempts_{one}") - pl.col(
            f"failed_{other}"
        ) / pl.col(f"attempts_{other}")
        parts.append(
            rates.select(pl.when(both).then(difference).fill_null(0.0)).to_series().to_numpy()
        )
    return float(joint_flips(np.stack(parts))[0].min()), None


def question_effects(contrasts: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Describe the difference on each question, with an interval over its days; no verdict.

    Returns:
        One row per ``keys, region_a, region_b, question_id``, sorted by them: ``pairing, days,
        contrasts, rate_a, rate_b, risk_difference, ci_low, ci_high, reason``; from ``MIN_DAYS``
        days on there is an interval (Student's t over days, widened by what was not seen).
    """
    grain = [*keys, *PAIR]
    question = [*grain, "question_id"]
    needed = ("contrasts", "rate_a_total", "rate_b_total", "scored_a", "scored_b")
    kept = paired(contrasts.select(*question, "pairing", *needed), keys).filter(
        pl.col("contrasts") > 0
    )
    n = pl.col("contrasts").sum().over(question)
    left = kept.with_columns(
        part=(pl.col("rate_a_total") - pl.col("rate_b_total")) / n, weight=pl.col("contrasts") / n
    )
    residual = pl.col("part") - pl.col("part").sum().over(question) * pl.col("weight")
    rows = (
        left.with_columns(residual=residual)
        .group_by(question)
        .agg(
            pl.col("pairing").first(),
            days=pl.len().cast(pl.Int64),
            contrasts=pl.col("contrasts").sum().cast(pl.Int64),
            rate_a=pl.col("rate_a_total").sum() / pl.col("contrasts").sum(),
            rate_b=pl.col("rate_b_total").sum() / pl.col("contrasts").sum(),
            risk_difference=pl.col("part").sum(),
            error=_clustered(pl.col("residual")).sqrt(),
            positive=pl.col("part").clip(0).sum(),
            negative=(-pl.col("part")).clip(0).sum(),
            worth=1 / (pl.col("weight") ** 2).sum(),
            discordant=(pl.col("part").abs() > TOLERANCE).sum(),
        )
        .sort(question)
    )
    degrees = rows["days"].clip(2).to_numpy() - 1
    half = pl.lit(pl.Series(t.ppf(1 - ALPHA / 2, degrees), dtype=pl.Float64)) * pl.col("error")
    enough = pl.col("days") >= MIN_DAYS
    return (
        rows.with_columns(
            p_value=pl.when(enough).then(1.0),
            scope=pl.lit("these_questions"),
            questions=pl.lit(1),
            ci_low=pl.col("risk_difference") - half,
            ci_high=pl.col("risk_difference") + half,
            reason=pl.when(~enough).then(pl.lit("too_few_days")),
        )
        .pipe(with_allowance)
        .select(
            *question,
            *("pairing", "days", "contrasts", "rate_a", "rate_b", "risk_difference"),
            *("ci_low", "ci_high", "reason"),
        )
    )
