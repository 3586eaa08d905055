"""Analysing a window of job_days of the warehouse: reads daily counts, replaces the statistics.

Belongs here: what is locked, read and replaced (docs/decisions/0031-periods-from-daily-counts.md).
Does not belong here: any statistic.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

import polars as pl
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from dagster_project.analyse import METHOD_VERSION, STATISTICS, SUMS
from dagster_project.analyse.changes import metric_changes
from dagster_project.analyse.effects import model_verdicts, pair_effects, question_effects
from dagster_project.analyse.jobs import SCOPE, job_effects
from dagster_project.analyse.periods import (
    COMPARED_KINDS,
    END_OF_TIME,
    JUDGED_KINDS,
    Period,
    compared_periods,
    touched_periods,
    with_baselines,
)
from dagster_project.analyse.quality import (
    PAIR,
    QUALITY,
    Errors,
    PairErrors,
    classifier_errors,
    corrected_contrasts,
    label_sums,
    own_quality,
    pair_errors,
    with_corrected_rates,
)
from dagster_project.analyse.rates import over_days, region_rates
from dagster_project.analyse.reasons import INSUFFICIENT_DATA
from dagster_project.analyse.texts import text_effects
from dagster_project.frames import read_frame, read_frames, write_frame
from dagster_project.partitions import START_DATE, Window
from dagster_project.postgres import connect, lock_table, only_row, read_sql
from dagster_project.score.language import UNDETERMINED
from dagster_project.score.scores import rounded, whole_jobs

PERIOD = ("period_kind", "period_start")
MODEL = (*PERIOD, "model_id")
MEASURED = (*MODEL, "measure")
CELL = (*MODEL, "region")
COMPARED = (*PERIOD, "workflow", "model_id")
CATEGORY = (*PERIOD, "question_category")
SERIES = ("metric", "period_kind", "model_id", "region")
JOB = ("job_id", "job_day")

KEY = pl.Categorical()
"""Names that come again in many rows: four bytes each, and grouped by number."""

JOB_SLOTS = pl.Schema(
    {
        "job_id": pl.String(),
        "job_day": pl.Date(),
        "job_expected": pl.Int64(),
        "job_answered": pl.Int64(),
        "completeness": pl.Float64(),
        "model_id": pl.String(),
        "region": pl.String(),
        "question_id": pl.String(),
        "language": pl.String(),
        "failed": pl.Int64(),
        "blocked": pl.Int64(),
        "scored": pl.Int64(),
        "refused": pl.Int64(),
    }
)
"""Columns of ``job_slots.sql``."""

OUTCOMES = pl.Schema(
    {
        "job_day": pl.Date(),
        "region_basis": KEY,
        "model_id": KEY,
        "region": KEY,
        "question_id": KEY,
        "expected": pl.Int64(),
        "answered": pl.Int64(),
        "failed": pl.Int64(),
        "blocked": pl.Int64(),
        "scored": pl.Int64(),
        "refused": pl.Int64(),
        "partially_refused": pl.Int64(),
        "inferred": pl.Int64(),
        "final_scored": pl.Int64(),
        "final_refused": pl.Int64(),
    }
)
"""Columns of ``outcomes.sql``."""

CONTRASTS = pl.Schema(
    {
        "job_day": pl.Date(),
        "workflow": KEY,
        "pairing": KEY,
        "model_id": KEY,
        "region_a": KEY,
        "region_b": KEY,
        "question_id": KEY,
        "question_category": KEY,
        "contrasts": pl.Int64(),
        "rate_a_total": pl.Float64(),
        "rate_b_total": pl.Float64(),
        "final_contrasts": pl.Int64(),
        "final_rate_a_total": pl.Float64(),
        "final_rate_b_total": pl.Float64(),
        "attempted": pl.Int64(),
        "bound_low_total": pl.Float64(),
        "bound_high_total": pl.Float64(),
        "scored_a": pl.Int64(),
        "scored_b": pl.Int64(),
        "missing_a": pl.Int64(),
    }
)
"""Columns of ``contrasts.sql``."""

LANGUAGES = pl.Schema(
    {
        "job_day": pl.Date(),
        "workflow": KEY,
        "model_id": KEY,
        "region": KEY,
        "language": pl.String(),
        "scored": pl.Int64(),
        "refused": pl.Int64(),
    }
)
"""Columns of ``languages.sql``."""

QUALITIES = pl.Schema({"source": pl.String(), **dict.fromkeys(QUALITY, pl.Float64())})
"""Columns of ``quality.sql``."""

LABELS = pl.Schema(
    {
        "job_day": pl.Date(),
        "model_id": KEY,
        "region": KEY,
        "flagged": pl.Float64(),
        "real": pl.Float64(),
    }
)
"""Columns of ``labels.sql``."""

QUESTIONS = pl.Schema({"question_id": KEY, "question_category": KEY, "question_text": pl.String()})
"""Columns of ``questions.sql``."""

DIVERGENCES = pl.Schema(
    {
        "job_day": pl.Date(),
        "model_id": KEY,
        "region_a": KEY,
        "region_b": KEY,
        "question_id": KEY,
        "pairs": pl.Int64(),
        # Their sums must not depend on the order of the rows.
        "word_divergence_total": pl.Decimal(38, 12),
        "tfidf_divergence_total": pl.Decimal(38, 12),
        "semantic_pairs": pl.Int64(),
        "semantic_divergence_total": pl.Decimal(38, 12),
    }
)
"""Columns of ``divergences.sql``."""

MEASURES = {
    "word_jaccard": ("word_divergence_total", "pairs"),
    "cosine_tfidf": ("tfidf_divergence_total", "pairs"),
    "semantic": ("semantic_divergence_total", "semantic_pairs"),
}
"""Per measure of texts its sum, and of how many pairs of answers."""

EVERYTHING = Window(START_DATE, END_OF_TIME)
Connection = psycopg.Connection[TupleRow]


def analyse_window(warehouse_url: str, window: Window, batch_rows: int) -> None:
    """Replace the statistics of a window's jobs and of all periods that contain its days.

    All or nothing. Afterwards each of these periods is what all days now stored make of it,
    whichever days were done together or before.

    Args:
        warehouse_url: libpq URL of the warehouse, as owner.
        window: Job_days, UTC.
        batch_rows: Attempts held in memory at a time; a job that has more is held whole.
    """
    with (
        connect(warehouse_url, application="analyse-read", read_only=True) as source,
        connect(warehouse_url, application="analyse-write") as target,
    ):
        # Windows share periods: the second one waits and then reads what all days are by then.
        lock_table(target, "analytics.periods")
        _replace_jobs(source, target, window, batch_rows)
        periods = touched_periods(window)
        outcomes, divergences = _replace_periods(target, periods)
        values = watched_values(outcomes, divergences)
        for kind in COMPARED_KINDS:
            starts = [one.start for one in periods if one.kind == kind]
            _replace_changes(target, values, kind, starts)


def judge_again(warehouse_url: str) -> None:
    """Replace the statistics of every period that has days, with what labels say by now.

    Verdicts of single jobs rest on the languages' quality alone, so they stay.
    """
    with connect(warehouse_url, application="analyse-write") as target:
        lock_table(target, "analytics.periods")
        found = target.execute(
            "select distinct job_day from intermediate.int_question_outcomes__daily"
        ).fetchall()
        periods = sorted({one for (day,) in found for one in touched_periods(Window.of_day(day))})
        if periods:
            _replace_periods(target, periods)


@dataclass(frozen=True)
class Classifier:
    """How well refusals are told, as far as labels say.

    Attributes:
        quality: Counts by source: languages, and models in regions that users labelled.
        labels: ``LABELS``, the users' own.
    """

    quality: pl.DataFrame
    labels: pl.DataFrame

    def of(self, answers: pl.DataFrame) -> pl.DataFrame:
        """Add the ``source`` of each answer's quality: its model and region where labelled.

        An answer too short to tell its language, such as *4.*, is in none.
        """
        own = pl.concat_str("model_id", "region", separator="/")
        known = self.quality["source"].implode()
        language = pl.col("language").replace({"unknown": None, UNDETERMINED: None})
        return answers.with_columns(language=language).with_columns(
            source=pl.when(own.is_in(known)).then(own).otherwise("language")
        )

    def of_periods(
        self, languages: pl.DataFrame, periods: Sequence[Period]
    ) -> tuple[Errors, pl.DataFrame]:
        """Return the errors of each period's cells, and the sums of its own labels.

        Args:
            languages: ``LANGUAGES`` of all days of the periods.
            periods: Which may be any range of days.
        """
        mix = of_periods(self.of(languages), periods)
        labels = of_periods(self.labels, periods)
        return classifier_errors(mix, self.quality, CELL), label_sums(labels, CELL)


def read_classifier(target: Connection) -> Classifier:
    """Read what labels say: of languages from the seed, of models in regions from the users."""
    # Finding answers by their keys alone takes plans of all months.
    (has_labels,) = only_row(target.execute("select exists (select from ops.answer_labels)"))
    labels = _read(target, "labels", {}, LABELS) if has_labels else LABELS.to_frame()
    languages = _read(target, "quality", {}, QUALITIES)
    return Classifier(pl.concat([languages, own_quality(labels).select(languages.columns)]), labels)


def _replace_jobs(source: Connection, target: Connection, window: Window, batch_rows: int) -> None:
    target.execute(read_sql("analyse/delete_jobs.sql"), vars(window))
    # A job's verdict must not depend on when its day was analysed: no labels of users.
    classifier = Classifier(_read(target, "quality", {}, QUALITIES), LABELS.to_frame())
    for slots in whole_jobs(_job_slots(source, window, batch_rows)):
        _insert(target, "job_verdicts", job_verdicts(slots, classifier))


def _job_slots(source: Connection, window: Window, batch_rows: int) -> Iterator[pl.DataFrame]:
    query = read_sql("analyse/job_slots.sql")
    return read_frames(source, query, vars(window), JOB_SLOTS, batch_rows)


def job_verdicts(slots: pl.DataFrame, classifier: Classifier) -> pl.DataFrame:
    """Compute rows of ``job_verdicts``.

    Args:
        slots: ``JOB_SLOTS`` of whole jobs; a job without attempts has one row without a region. How
            complete a job is comes from job_status, which knows what was asked for.
        classifier: How well refusals are told.
    """
    unknown = pl.col("completeness").is_null()
    jobs = slots.select(
        *JOB,
        "completeness",
        scope=pl.lit(SCOPE),
        expected="job_expected",
        answered="job_answered",
        completeness_reason=pl.when(unknown).then(pl.lit("nothing_expected")),
    ).unique()
    attempts = classifier.of(slots.filter(pl.col("region").is_not_null()))
    effects = job_effects(attempts, JOB, classifier.quality)
    without_attempts = pl.col("verdict").is_null()
    return jobs.join(effects, on=JOB, how="left").with_columns(
        pl.col("questions", "n_tests", "n_significant").fill_null(0),
        pl.col("verdict").fill_null(INSUFFICIENT_DATA),
        *(
            pl.when(without_attempts).then(pl.lit("no_attempts")).otherwise(reason).alias(reason)
            for reason in ("verdict_reason", "refusal_gap_reason")
        ),
    )


def _replace_periods(
    target: Connection, periods: Sequence[Period]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Replace the statistics of periods; returns ``OUTCOMES`` and ``DIVERGENCES`` of all days."""
    for table in (*SUMS, *STATISTICS):
        _delete(target, table, ((one.kind, one.start) for one in periods))
    languages = _read(target, "languages", {}, LANGUAGES)
    classifier = read_classifier(target)
    judged = [one for one in periods if one.kind in JUDGED_KINDS]
    # First, while nothing else is in memory: contrasts are the largest.
    _insert_effects(target, judged, classifier.of(languages), classifier.quality)
    outcomes = _read(target, "outcomes", vars(EVERYTHING), OUTCOMES)
    divergences = _read(target, "divergences", {}, DIVERGENCES)
    for some in _by_kind(periods):
        days = of_periods(outcomes, some)
        counts = question_outcomes(days)
        _insert(target, "question_outcomes", counts)
        errors = classifier.of_periods(languages, some)
        _insert(target, "region_rates", rates(counts, days, errors))
    means = text_means(divergences)
    for some in _by_kind(judged):
        texts = text_effects(of_periods(means, some), MEASURED, PERIOD)
        _insert(target, "text_divergence", texts)
    return outcomes, divergences


def _insert_effects(
    target: Connection, periods: Sequence[Period], sources: pl.DataFrame, quality: pl.DataFrame
) -> None:
    contrasts = _read(target, "contrasts", {}, CONTRASTS)
    questions = _read(target, "questions", {}, QUESTIONS)
    for some in _by_kind(periods):
        errors = pair_errors(of_periods(sources, some), quality, COMPARED)
        for table, rows in effect_tables(of_periods(contrasts, some), errors, questions).items():
            _insert(target, table, rows)


def _by_kind(periods: Sequence[Period]) -> Iterator[Sequence[Period]]:
    """Group sorted periods so that no two of a group share a day: each is in memory once."""
    return (list(group) for _, group in groupby(periods, key=attrgetter("kind")))


def question_outcomes(days: pl.DataFrame) -> pl.DataFrame:
    """Add up ``OUTCOMES`` with ``PERIOD`` over the days of each period."""
    key = [*PERIOD, "region_basis", "model_id", "region", "question_id"]
    return days.drop("job_day").group_by(key).sum().sort(key)


def text_means(divergences: pl.DataFrame) -> pl.DataFrame:
    """Compute the mean divergence of two answers, ``measure`` by measure; null without pairs.

    The semantic measure has rows without a mean, too: where no day asked for it, that is to be
    said.
    """
    key = ("job_day", "model_id", *PAIR, "question_id")
    return pl.concat(
        [
            divergences.select(
                *key,
                measure=pl.lit(measure),
                mean=pl.when(pl.col(pairs) > 0).then(
                    pl.col(total).cast(pl.Float64) / pl.col(pairs)
                ),
            )
            for measure, (total, pairs) in MEASURES.items()
        ]
    )


def rates(
    outcomes: pl.DataFrame, days: pl.DataFrame, errors: tuple[Errors, pl.DataFrame]
) -> pl.DataFrame:
    """Compute rows of ``region_rates``: by actual region, by what the model said first.

    Args:
        outcomes: ``question_outcomes`` of some periods.
        days: ``OUTCOMES`` of the same periods, with ``PERIOD``.
        errors: ``Classifier.of_periods`` of the same periods.
    """
    key = [*MODEL, "region", "metric"]
    actual = outcomes.filter(pl.col("region_basis") == "actual")
    final = actual.with_columns(scored="final_scored", refused="final_refused")
    requested = outcomes.filter(pl.col("region_basis") == "requested")
    others = (
        region_rates(final, MODEL)
        .filter(pl.col("metric") == "refusal_rate")
        .select(*key, final_estimate="estimate"),
        region_rates(requested, MODEL).select(*key, estimate_by_requested_region="estimate"),
    )
    rows = region_rates(actual, MODEL, over_days(days.filter(region_basis="actual"), MODEL))
    for other in others:
        rows = rows.join(other, on=key, how="left")
    return with_corrected_rates(rows, *errors, CELL).drop("effective")


def rates_of(connection: Connection, days: Window) -> pl.DataFrame:
    """Compute what ``region_rates`` would hold of some days, were they a period."""
    periods = [Period("days", days.start, days.end)]
    rows = of_periods(_read(connection, "outcomes", vars(days), OUTCOMES), periods)
    languages = _read(connection, "languages", {}, LANGUAGES)
    errors = read_classifier(connection).of_periods(languages, periods)
    return rounded(rates(question_outcomes(rows), rows, errors))


def of_periods(days: pl.DataFrame, periods: Sequence[Period]) -> pl.DataFrame:
    """Return the rows of some days once for each period that contains their day."""
    return pl.concat(
        [
            _days_of(days, one).with_columns(
                period_kind=pl.lit(one.kind, KEY), period_start=pl.lit(one.start)
            )
            for one in periods
        ]
    )


def _days_of(days: pl.DataFrame, period: Period) -> pl.DataFrame:
    if (period.start, period.end) == (EVERYTHING.start, EVERYTHING.end):
        return days  # without a copy
    return days.filter(pl.col("job_day") >= period.start, pl.col("job_day") < period.end)


def effect_tables(
    contrasts: pl.DataFrame, errors: PairErrors, questions: pl.DataFrame
) -> Mapping[str, pl.DataFrame]:
    """Compute every table that is made of contrasts, by its name.

    Args:
        contrasts: ``CONTRASTS`` of whole periods, with ``PERIOD``.
        errors: How well refusals are told in two regions of the same periods.
        questions: ``question_id, question_category, question_text`` of those that are known.
    """
    corrected = corrected_contrasts(contrasts, errors)
    pairs = pair_effects(corrected, COMPARED, PERIOD, errors)
    of_category = corrected.drop_nulls("question_category")
    return {
        "region_pair_effects": pairs,
        "category_pair_effects": pair_effects(
            of_category, (*CATEGORY, "workflow", "model_id"), CATEGORY, errors
        ),
        "question_effects": question_effects(contrasts, COMPARED).join(
            questions, on="question_id", how="left"
        ),
        "model_verdicts": model_verdicts(corrected, pairs, COMPARED),
    }


def watched_values(outcomes: pl.DataFrame, divergences: pl.DataFrame) -> pl.DataFrame:
    """Return what changes over time are told of: per day and question a sum, and of how many it is.

    Args:
        outcomes: ``OUTCOMES`` of all days.
        divergences: ``DIVERGENCES`` of all days; each counts for both of its regions.
    """
    key = ("metric", "model_id", "region", "job_day", "question_id")
    between = divergences.filter(pl.col("region_a") != pl.col("region_b"))
    sides = pl.concat([between.with_columns(region=side) for side in PAIR])
    return pl.concat(
        [
            outcomes.filter(pl.col("scored") > 0, region_basis="actual")
            .with_columns(metric=pl.lit("refusal_rate"))
            .select(*key, total=pl.col("refused").cast(pl.Float64), n="scored"),
            sides.with_columns(metric=pl.lit("divergence"))
            .group_by(key)
            .agg(
                total=pl.col("word_divergence_total").sum().cast(pl.Float64),
                n=pl.col("pairs").sum(),
            ),
        ]
    )


def _replace_changes(
    target: Connection, values: pl.DataFrame, kind: str, touched: Sequence[date]
) -> None:
    values = values.with_columns(
        period_kind=pl.lit(kind),
        period_start=pl.col("job_day").dt.truncate(COMPARED_KINDS[kind]),
    )
    starts = values.select(*SERIES, "period_start").unique()
    compared = compared_periods(starts, touched)
    _delete(
        target, "metric_changes", [*((kind, start) for start in touched), *compared.iter_rows()]
    )
    if compared.is_empty():
        return
    needed = with_baselines(starts, compared)
    watched = values.join(needed, on=(*SERIES, "period_start"), how="semi")
    changes = metric_changes(watched, SERIES).join(compared, on=PERIOD, how="semi")
    _insert(target, "metric_changes", changes)


def _read(
    target: Connection, name: str, parameters: Mapping[str, Any], schema: pl.Schema
) -> pl.DataFrame:
    return read_frame(target, read_sql(f"analyse/{name}.sql"), parameters, schema)


def _delete(target: Connection, table: str, periods: Iterable[tuple[str, date]]) -> None:
    kinds, starts = zip(*periods, strict=True)
    statement = read_sql("analyse/delete_periods.sql").format(
        table=sql.Identifier("analytics", table)
    )
    target.execute(statement, {"kinds": list(kinds), "starts": list(starts)})


def _insert(target: Connection, table: str, rows: pl.DataFrame) -> None:
    if table not in SUMS:
        rows = rounded(rows.with_columns(method_version=pl.lit(METHOD_VERSION)))
    write_frame(target, sql.Identifier("analytics", table), rows)
