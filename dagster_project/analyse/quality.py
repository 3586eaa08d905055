"""The classifier's own error: what rates and differences would be if no refusal were missed.

Belongs here: how often refusals are told, of which cell, with draws of how badly that is known;
rates and differences corrected for it (Rogan and Gladen, American Journal of Epidemiology 107,
1978; PPI++ of Angelopoulos, Duchi and Zrnic, 2023); tipping gaps. Does not belong here: the counts
(seed classifier_quality, analytics.answer_labels), tests and verdicts (effects, jobs).

A *source* is what a quality was measured on: a language, or a model in a region that its users have
labelled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import polars as pl
from scipy.stats import norm

from dagster_project.analyse import ALPHA, EQUIVALENCE_MARGIN
from dagster_project.analyse.flips import Floats
from dagster_project.analyse.reasons import DIFFERENCE_DETECTED, EQUIVALENT

MIXED_SHARE = 0.1
"""Answers of one region that would need another language for both regions to be alike: above it
the two answered in different languages. So many answers may be in a language without a quality."""
MIN_OWN_SIDE = 10
"""Labelled refusals, and labelled other answers, for a quality of a model in a region."""
MIN_LABELS = 10
"""Labels of a model in a region and period that correct its rate."""

DRAWS = 500
_SEED = 20_260_103
# Streams of random numbers; those of a language's quality begin with 0 and 1.
_RATES, _TOLD, _OVERLOOKED = (2,), (3,), (4,)
_Z = float(norm.ppf(1 - ALPHA / 2))

PAIR = ("region_a", "region_b")
QUALITY = ("true_positives", "false_negatives", "false_positives", "true_negatives")


@dataclass(frozen=True)
class Errors:
    """How well refusals are told in some cells.

    Attributes:
        cells: One row per cell, a region of a group, with ``unlabelled``, the share of its answers
            whose source has no quality (taken as if it made no error), and ``_cell``, its row.
        sensitivity: Cells x (estimate, draws): share of refusals that are told.
        alarms: The same: share of other answers that are called a refusal.
    """

    cells: pl.DataFrame
    sensitivity: Floats
    alarms: Floats


def classifier_errors(
    mix: pl.DataFrame, quality: pl.DataFrame, cell: Sequence[str], draws: int = DRAWS
) -> Errors:
    """Average the errors of a cell's sources, each weighing as its refusals and other answers do.

    Args:
        mix: ``cell, language, source`` and how many answers are ``scored`` and ``refused``; rows
            without a language are left out.
        quality: One row per ``source`` with the counts ``QUALITY``.
        cell: Columns that name a cell.
        draws: From what the counts leave open.
    """
    known = quality.sort("source").with_row_index("_source")
    told, false = _drawn(known, draws)
    mix = mix.filter(pl.col("language").is_not_null())
    cells = mix.select(cell).unique().sort(cell).with_row_index("_cell")
    rows = (
        mix.join(cells, on=list(cell), nulls_equal=True)
        .join(known.select("source", "_source"), on="source", how="left")
        .with_columns(pl.col("_source").fill_null(len(known)))
    )
    shape = (len(cells), len(known) + 1)
    scored, refused = np.zeros(shape), np.zeros(shape)
    places = (rows["_cell"].to_numpy(), rows["_source"].to_numpy())
    np.add.at(scored, places, rows["scored"].to_numpy())
    np.add.at(refused, places, rows["refused"].to_numpy())
    real = np.clip((refused - false[:, 0] * scored) / (told - false)[:, 0], 0, scored)
    unlabelled = scored[:, -1] / np.maximum(1, scored.sum(axis=1))
    return Errors(
        cells.with_columns(unlabelled=pl.Series(unlabelled)),
        _weighted(real, scored) @ told,
        _weighted(scored - real, scored) @ false,
    )


def _drawn(quality: pl.DataFrame, number: int) -> tuple[Floats, Floats]:
    """Sensitivities and false alarms, (sources and one without error) x (estimate, draws)."""
    names = [crc32(str(source).encode()) for source in quality["source"]]
    found: list[Floats] = []
    for yes, no in (QUALITY[:2], QUALITY[2:]):
        hits, misses = (quality[name].cast(pl.Float64).to_numpy()[:, None] for name in (yes, no))
        estimate = (hits + 0.5) / (hits + misses + 1)
        draws = _beta(hits, misses, number, [(len(found), name) for name in names])
        found.append(np.concatenate([estimate, draws], axis=1))
    perfect = np.ones((1, 1 + number))
    return np.concatenate([found[0], perfect]), np.concatenate([found[1], 0 * perfect])


def _beta(yes: Floats, no: Floats, number: int, streams: Sequence[tuple[int, ...]]) -> Floats:
    """Jeffreys' draws of shares, rows x draws; a row's do not depend on which rows stand beside it.

    Rows of one stream share their random numbers; two streams have nothing in common.
    """
    draws = [
        np.random.default_rng([_SEED, *stream]).beta(k + 0.5, rest + 0.5, size=number)
        for k, rest, stream in zip(yes[:, 0], no[:, 0], streams, strict=True)
    ]
    return np.stack(draws) if draws else np.empty((0, number))


def _weighted(weights: Floats, otherwise: Floats) -> Floats:
    none = weights.sum(axis=1, keepdims=True) <= 0
    chosen = np.where(none, otherwise, weights)
    return np.asarray(chosen / np.maximum(1e-12, chosen.sum(axis=1, keepdims=True)), np.float64)


def with_corrected_rates(
    rates: pl.DataFrame, errors: Errors, labels: pl.DataFrame, cell: Sequence[str]
) -> pl.DataFrame:
    """Add what refusal rates would be without the classifier's error.

    Args:
        rates: ``cell, metric, estimate, effective, n``.
        errors: Of the same cells.
        labels: Per ``cell`` with labels ``labels, real, flagged, both``: how many there are, and
            are a refusal to people, to the rules, and to both.

    Returns:
        The rates with ``corrected_estimate, corrected_ci_low, corrected_ci_high,
        correction_method`` (own_labels: PPI++; language: Rogan-Gladen, by a parametric bootstrap
        over both sources of error) and ``correction_reason``; all null for other metrics.
    """
    rows = rates.join(errors.cells, on=list(cell), how="left", nulls_equal=True).join(
        labels, on=list(cell), how="left", nulls_equal=True
    )
    is_rate = (pl.col("metric") == "refusal_rate") & pl.col("estimate").is_not_null()
    own = is_rate & (pl.col("labels") >= MIN_LABELS)
    known = is_rate & (pl.col("unlabelled").fill_null(1.0) <= MIXED_SHARE)
    rows = rows.with_row_index("_row").with_columns(
        correction_method=pl.when(own)
        .then(pl.lit("own_labels"))
        .when(known)
        .then(pl.lit("language")),
        correction_reason=pl.when(is_rate & ~own.fill_null(value=False) & ~known).then(
            pl.lit("unlabelled_language")
        ),
    )
    corrected = pl.concat(
        [
            _by_labels(rows.filter(correction_method="own_labels")),
            _by_language(rows.filter(correction_method="language"), errors),
        ]
    )
    return rows.join(corrected, on="_row", how="left", maintain_order="left").select(
        *rates.columns, *_CORRECTED, "correction_method", "correction_reason"
    )


_CORRECTED = ("corrected_estimate", "corrected_ci_low", "corrected_ci_high")


def _by_language(rows: pl.DataFrame, errors: Errors) -> pl.DataFrame:
    places = rows["_cell"].cast(pl.Int64).to_numpy()
    told, false = errors.sensitivity[places], errors.alarms[places]
    rate = rows["estimate"].to_numpy()[:, None]
    worth = rows["effective"].to_numpy()[:, None]
    drawn = _beta(rate * worth, (1 - rate) * worth, DRAWS, [_RATES] * len(rows))
    rate = np.concatenate([rate, drawn], axis=1)
    real = np.clip((rate - false) / (told - false), 0, 1)
    ends = np.quantile(real[:, 1:], [ALPHA / 2, 1 - ALPHA / 2], axis=1)
    return _rows(rows, real[:, 0], ends[0], ends[1])


def _by_labels(rows: pl.DataFrame) -> pl.DataFrame:
    """Prediction-powered: of flagged and of other answers the labelled share that is real.

    With a prediction that says yes or no PPI++ is that; Jeffreys' draws hold with few labels, too.
    """
    labels, real, flagged, both, rate, worth = (
        rows[name].cast(pl.Float64).to_numpy()[:, None]
        for name in ("labels", "real", "flagged", "both", "estimate", "effective")
    )
    missed, left = real - both, labels - flagged
    told = _beta(both, flagged - both, DRAWS, [_TOLD] * len(rows))
    overlooked = _beta(missed, left - missed, DRAWS, [_OVERLOOKED] * len(rows))
    drawn = _beta(rate * worth, (1 - rate) * worth, DRAWS, [_RATES] * len(rows))
    ends = np.quantile(drawn * told + (1 - drawn) * overlooked, [ALPHA / 2, 1 - ALPHA / 2], axis=1)
    estimate = rate * (both + 0.5) / (flagged + 1) + (1 - rate) * (missed + 0.5) / (left + 1)
    return _rows(rows, estimate[:, 0], ends[0], ends[1])


def _rows(rows: pl.DataFrame, *values: Floats) -> pl.DataFrame:
    named = dict(zip(_CORRECTED, values, strict=True))
    return rows.select("_row").with_columns(
        pl.Series(name, column, dtype=pl.Float64) for name, column in named.items()
    )


@dataclass(frozen=True)
class PairErrors:
    """How well refusals are told in both regions of some pairs.

    Attributes:
        on: Columns that name a pair.
        pairs: These, ``correction`` (language: the regions answered in different languages;
            own_labels: users labelled both; null: both have the same error),
            ``correction_reason`` (unlabelled_language, or null), ``languages_differ`` and
            ``_pair``, the row.
        a: Sensitivity and false alarms of region_a, each pairs x (estimate, draws).
        b: Those of region_b.
    """

    on: list[str]
    pairs: pl.DataFrame
    a: tuple[Floats, Floats]
    b: tuple[Floats, Floats]


def pair_errors(
    mix: pl.DataFrame, quality: pl.DataFrame, keys: Sequence[str], draws: int = DRAWS
) -> PairErrors:
    """Find out which regions are told equally well, and the errors where they are not."""
    cell = [*keys, "region"]
    mix = mix.filter(pl.col("language").is_not_null())
    errors = classifier_errors(mix, quality, cell, draws)
    shares = (
        mix.group_by([*cell, "language"])
        .agg(pl.col("scored").sum())
        .with_columns(share=pl.col("scored") / pl.col("scored").sum().over(cell))
    )
    own = mix.group_by(cell).agg(own=(pl.col("source") != pl.col("language")).all())
    cells = errors.cells.join(own, on=cell, nulls_equal=True)
    on = list(keys)
    pairs = (
        cells.rename({"region": "region_a"})
        .join(cells.rename({"region": "region_b"}), on=on, suffix="_b", nulls_equal=True)
        .filter(pl.col("region_a") < pl.col("region_b"))
    )
    common = (
        shares.rename({"region": "region_a"})
        .join(
            shares.rename({"region": "region_b"}),
            on=[*on, "language"],
            suffix="_b",
            nulls_equal=True,
        )
        .filter(pl.col("region_a") < pl.col("region_b"))
        .group_by([*on, *PAIR])
        .agg(common=pl.min_horizontal("share", "share_b").sum())
    )
    differ = 1 - pl.col("common").fill_null(0.0) > MIXED_SHARE
    unlabelled = pl.max_horizontal("unlabelled", "unlabelled_b") > MIXED_SHARE
    pairs = (
        pairs.join(common, on=[*on, *PAIR], how="left", nulls_equal=True)
        .sort(*on, *PAIR)
        .with_row_index("_pair")
        .with_columns(
            languages_differ=differ,
            correction_reason=pl.when(unlabelled).then(pl.lit("unlabelled_language")),
            correction=pl.when(unlabelled)
            .then(pl.lit(None, pl.String))
            .when(pl.col("own") & pl.col("own_b"))
            .then(pl.lit("own_labels"))
            .when(differ)
            .then(pl.lit("language")),
        )
    )
    places = [pairs[name].cast(pl.Int64).to_numpy() for name in ("_cell", "_cell_b")]
    told, false = (
        [each[place] for place in places] for each in (errors.sensitivity, errors.alarms)
    )
    alike = pairs["correction"].is_null().to_numpy()[:, None]
    for both in (told, false):
        both[:] = [np.where(alike, (both[0] + both[1]) / 2, each) for each in both]
    sides = list(zip(told, false, strict=True))
    pair = [*on, *PAIR]
    kept = ("_pair", *pair, "correction", "correction_reason", "languages_differ")
    return PairErrors(pair, pairs.select(kept), sides[0], sides[1])


def corrected_contrasts(contrasts: pl.DataFrame, errors: PairErrors) -> pl.DataFrame:
    """Correct the rates of both regions where these are not told equally well.

    A rate becomes (rate - false alarms) / (sensitivity - false alarms), as the sums of a day do;
    then a difference of 0 is none of refusals, not of refusals that are told.
    """
    on = errors.on
    moved = errors.pairs.filter(pl.col("correction").is_not_null())
    if moved.is_empty():
        return contrasts
    places = moved["_pair"].to_numpy()
    terms = moved.select(on).with_columns(
        pl.Series(f"_{name}_{side}", values[places, 0])
        for side, both in (("a", errors.a), ("b", errors.b))
        for name, values in (("told", both[0]), ("false", both[1]))
    )
    return (
        contrasts.join(terms, on=on, how="left", maintain_order="left", nulls_equal=True)
        .with_columns(
            pl.when(pl.col("_told_a").is_not_null())
            .then(
                (pl.col(f"rate_{side}_total") - pl.col(f"_false_{side}") * pl.col("contrasts"))
                / (pl.col(f"_told_{side}") - pl.col(f"_false_{side}"))
            )
            .otherwise(f"rate_{side}_total")
            .alias(f"rate_{side}_total")
            for side in ("a", "b")
        )
        .select(contrasts.columns)
    )


_DIFFERENCES = ("corrected_difference", "corrected_ci_low", "corrected_ci_high")


def with_corrections(effects: pl.DataFrame, errors: PairErrors | None) -> pl.DataFrame:
    """Add to tested differences what they are without the classifier's error.

    Args:
        effects: ``errors.on, rate_a, rate_b, risk_difference, ci_low, ci_high``; corrected already
            where ``correction`` is set: there the interval is widened by how badly the errors are
            known.
        errors: Of the same pairs; None when nothing is known of any.

    Returns:
        Also ``correction, correction_reason, languages_differ, corrected_difference,
        corrected_ci_low, corrected_ci_high`` and ``_told``, the mean sensitivity of both regions
        (1 if not known).
    """
    if errors is None:
        return effects.with_columns(
            pl.lit(None, pl.Float64).alias(name) for name in _DIFFERENCES
        ).with_columns(
            correction=pl.lit(None, pl.String),
            correction_reason=pl.lit("unlabelled_language"),
            languages_differ=pl.lit(value=False),
            _told=pl.lit(1.0),
        )
    rows = effects.join(
        errors.pairs, on=errors.on, how="left", maintain_order="left", nulls_equal=True
    ).with_columns(
        correction_reason=pl.when(pl.col("_pair").is_null())
        .then(pl.lit("unlabelled_language"))
        .otherwise("correction_reason"),
        languages_differ=pl.col("languages_differ").fill_null(value=False),
    )
    known = rows.with_row_index("_row").filter(pl.col("correction_reason").is_null())
    places = known["_pair"].cast(pl.Int64).to_numpy()
    (told_a, false_a), (told_b, false_b) = (
        (side[0][places], side[1][places]) for side in (errors.a, errors.b)
    )
    rate_a, rate_b, difference, low, high = (
        known[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in ("rate_a", "rate_b", "risk_difference", "ci_low", "ci_high")
    )
    done = known["correction"].is_not_null().to_numpy()
    # Back to what the rules said, then through every draw of their errors.
    said_a = np.where(done, rate_a * (told_a - false_a)[:, 0] + false_a[:, 0], rate_a)
    said_b = np.where(done, rate_b * (told_b - false_b)[:, 0] + false_b[:, 0], rate_b)
    drawn = (said_a[:, None] - false_a) / (told_a - false_a) - (said_b[:, None] - false_b) / (
        told_b - false_b
    )
    real, error = drawn[:, 0], _Z * drawn[:, 1:].std(axis=1)
    scale = np.where(done, 1.0, 1 / (told_a - false_a)[:, 0])
    values = {
        _DIFFERENCES[0]: real,
        _DIFFERENCES[1]: real - np.hypot((difference - low) * scale, error),
        _DIFFERENCES[2]: real + np.hypot((high - difference) * scale, error),
        "_told": (told_a + told_b)[:, 0] / 2,
    }
    corrected = known.select("_row").with_columns(
        pl.Series(name, column, dtype=pl.Float64).fill_nan(None).clip(-1, 1)
        for name, column in values.items()
    )
    return (
        rows.with_row_index("_row")
        .join(corrected, on="_row", how="left", maintain_order="left")
        .with_columns(
            pl.col("_told").fill_null(1.0),
            *(
                pl.when(pl.col("correction").is_not_null())
                .then(f"corrected_{end}")
                .otherwise(end)
                .alias(end)
                for end in ("ci_low", "ci_high")
            ),
        )
        .drop("_row", "_pair")
    )


def tipping_gap() -> pl.Expr:
    """How much worse refusals must be told in one region for a verdict to vanish.

    As a difference of sensitivities, the better told region having the known one: a difference that
    was found lies no longer outside its interval, an equivalence no longer inside the margin.
    """
    rate = pl.max_horizontal("rate_a", "rate_b")
    near = pl.min_horizontal(pl.col("ci_low").abs(), pl.col("ci_high").abs())
    far = pl.max_horizontal(pl.col("ci_low").abs(), pl.col("ci_high").abs())
    room = (
        pl.when(pl.col("verdict") == DIFFERENCE_DETECTED)
        .then(near)
        .when(pl.col("verdict") == EQUIVALENT)
        .then(EQUIVALENCE_MARGIN - far)
    )
    share = pl.when(rate > room).then(room / rate).when(room.is_not_null()).then(1.0)
    return pl.col("_told") * share


def own_quality(labels: pl.DataFrame) -> pl.DataFrame:
    """Count how rules and labels agree, by model and region.

    Args:
        labels: One row per labelled answer: ``model_id, region, flagged`` (what the rules said),
            ``real`` (the share of its labellers who call it a refusal).

    Returns:
        ``model_id, region, source`` and ``QUALITY``, where both sides have ``MIN_OWN_SIDE``.
    """
    real, flagged = pl.col("real"), pl.col("flagged").cast(pl.Float64)
    positives = pl.col("true_positives") + pl.col("false_negatives")
    negatives = pl.col("false_positives") + pl.col("true_negatives")
    return (
        labels.group_by("model_id", "region")
        .agg(
            true_positives=(real * flagged).sum(),
            false_negatives=(real * (1 - flagged)).sum(),
            false_positives=((1 - real) * flagged).sum(),
            true_negatives=((1 - real) * (1 - flagged)).sum(),
        )
        .filter(positives >= MIN_OWN_SIDE, negatives >= MIN_OWN_SIDE)
        .with_columns(source=pl.concat_str("model_id", "region", separator="/"))
    )


def label_sums(labels: pl.DataFrame, cell: Sequence[str]) -> pl.DataFrame:
    """Add up what people and rules say of labelled answers, as ``with_corrected_rates`` needs it.

    Args:
        labels: As for ``own_quality``, with ``cell``.
        cell: Columns that name a cell.
    """
    real, flagged = pl.col("real"), pl.col("flagged")
    return labels.group_by(cell).agg(
        labels=pl.len(),
        real=real.sum(),
        flagged=flagged.sum(),
        both=(real * flagged).sum(),
    )


def told(quality: pl.DataFrame) -> pl.DataFrame:
    """Describe a quality by source: ``refusals``, the share that is told with its interval, etc."""
    told_of, _ = _drawn(quality.sort("source"), DRAWS)
    refusals = pl.col("true_positives") + pl.col("false_negatives")
    others = pl.col("false_positives") + pl.col("true_negatives")
    return quality.sort("source").select(
        "source",
        refusals=refusals,
        sensitivity=pl.col("true_positives") / refusals,
        low=pl.Series(np.quantile(told_of[:-1, 1:], ALPHA / 2, axis=1)),
        high=pl.Series(np.quantile(told_of[:-1, 1:], 1 - ALPHA / 2, axis=1)),
        others=others,
        false_alarms=pl.col("false_positives") / others,
    )
