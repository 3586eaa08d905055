"""Similarity of each two answers to one question of a job.

Belongs here: which answers are paired and how alike they are, the runner's way and ours. Does not
belong here: what follows for the job.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dagster_project.score.runner_answers import runner_lower
from dagster_project.score.words import Words, count_matrices, runner_words, unicode_words

Counts = NDArray[np.float32]
"""Questions x answers to each x words."""

Similarities = NDArray[np.float64]
"""Questions x answers to each x the same answers."""

_READ = (
    "execution_key",
    "job_id",
    "job_day",
    "question_id",
    "region",
    "model_id",
    "sequence",
    "answer_text",
    "prompt_variant",
    "language",
    "counts",
)
_RARE = (np.log(3 / 2) + 1) ** 2
"""Squared weight of a word that one of two texts has, where one that both have weighs 1: the
smoothed inverse document frequency, ln((1 + texts) / (1 + texts with the word)) + 1."""

OURS = ("comparison", "word_jaccard", "length_ratio", "cosine_tfidf")


@dataclass(frozen=True)
class Questions:
    """Answers in the order in which they are paired.

    Attributes:
        answers: One row per answer, answers to one question of one job side by side.
        bounds: First row of each question, and the number of rows at the end.
        lowered: The answers' texts, lower-cased.
    """

    answers: pl.DataFrame
    bounds: NDArray[np.int64]
    lowered: pl.Series


def score_pairs(
    answers: pl.DataFrame, methods: Collection[str] = ("runner", "ours")
) -> pl.DataFrame:
    """Compare all answers to each question of each job.

    Args:
        answers: Usable answers of whole jobs: ``execution_key, job_id, job_day, question_id,
            region, model_id, sequence, answer_text``; for our method also ``language`` and
            ``counts`` (false for answers that are out of comparisons), and ``prompt_variant`` where
            it is known. Answers without a question are left out: nothing says that they answer the
            same one.
        methods: ``runner``, ``ours`` or both.

    Returns:
        The columns of ``scores.answer_pairs`` that the methods fill, without the version. One row
        per two answers, by job, question and sequence, whatever the order of the rows. Our
        measures are null unless one model answered both times to one prompt in one language.
    """
    questions = _questions(answers)
    left, right = _positions(questions.bounds)
    measured = _described(questions.answers, left, right, ours="ours" in methods)
    if "runner" in methods:
        (jaccard,) = _measured(questions.bounds, runner_words(questions.lowered), _jaccard)
        measured = measured.with_columns(runner_jaccard=jaccard)
    if "ours" in methods:
        words = unicode_words(questions.lowered)
        jaccard, cosine = _measured(questions.bounds, words, _jaccard, _cosine)
        compared = pl.col("comparison").is_not_null()
        measured = measured.with_columns(word_jaccard=jaccard, cosine_tfidf=cosine).with_columns(
            pl.when(compared).then(pl.col(*OURS))
        )
    return measured


def _questions(answers: pl.DataFrame) -> Questions:
    read = answers.select(name for name in _READ if name in answers.columns)
    known = read.filter(pl.col("question_id").is_not_null())
    ordered = known.sort("job_id", "question_id", "sequence", "execution_key")
    question = ordered.select(pl.struct("job_id", "question_id").rle_id()).to_series()
    starts = np.searchsorted(question.to_numpy(), np.arange(question.n_unique() + 1))
    lowered = ordered.select(runner_lower(pl.col("answer_text"))).to_series()
    return Questions(ordered, starts.astype(np.int64), lowered)


@cache
def _upper(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    left, right = np.triu_indices(size, 1)
    return left.astype(np.int64), right.astype(np.int64)


def _positions(bounds: NDArray[np.int64]) -> tuple[pl.Series, pl.Series]:
    groups = [(start, _upper(size)) for start, size in zip(bounds, np.diff(bounds), strict=False)]
    none: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    left = np.concatenate(none + [start + pairs[0] for start, pairs in groups])
    right = np.concatenate(none + [start + pairs[1] for start, pairs in groups])
    return pl.Series(left, dtype=pl.UInt32), pl.Series(right, dtype=pl.UInt32)


def _measured(
    bounds: NDArray[np.int64], words: Words, *measures: Callable[[Counts], Similarities]
) -> list[pl.Series]:
    sizes = np.diff(bounds)
    pairs = sizes * (sizes - 1) // 2
    starts = np.cumsum(pairs) - pairs
    values = np.empty((len(measures), pairs.sum()))
    for questions, counts in count_matrices(words, bounds):
        left, right = _upper(counts.shape[1])
        places = starts[questions][:, None] + np.arange(len(left))
        for found, measure in zip(values, measures, strict=True):
            found[places] = measure(counts)[:, left, right]
    return [pl.Series(found) for found in values]


def _jaccard(counts: Counts) -> Similarities:
    # Whole numbers up to 2**24 are exact in 32 bits.
    sets = np.minimum(counts, 1)
    shared = (sets @ sets.swapaxes(1, 2)).astype(np.float64)
    size = np.diagonal(shared, axis1=1, axis2=2)
    union = size[:, :, None] + size[:, None, :] - shared
    return np.divide(shared, union, out=np.ones_like(shared), where=union > 0)


def _cosine(counts: Counts) -> Similarities:
    # Rarity among the two that are compared: no other answer may change how alike they are.
    exact = counts.astype(np.float64)
    size = (exact**2).sum(axis=2)[:, :, None]
    shared = exact**2 @ (exact > 0).swapaxes(1, 2).astype(np.float64)
    length = np.sqrt(_RARE * size + (1 - _RARE) * shared)
    lengths = length * length.swapaxes(1, 2)
    empty = (size == 0).astype(np.float64)
    similarity: Similarities = np.divide(
        exact @ exact.swapaxes(1, 2), lengths, out=empty * empty.swapaxes(1, 2), where=lengths > 0
    )
    return similarity.clip(max=1.0)


def _described(
    answers: pl.DataFrame, left: pl.Series, right: pl.Series, *, ours: bool
) -> pl.DataFrame:
    sides = answers.select(
        pl.col("execution_key").alias("key"),
        "job_id",
        "job_day",
        "question_id",
        "region",
        pl.col("model_id").alias("model"),
        *([pl.col("counts", "language"), _variant(answers), _length()] * ours),
    )
    keys = ("key", "region", "model")
    pairs = pl.concat(
        [
            sides[left].rename({name: f"left_{name}" for name in keys}),
            sides[right].select(pl.all().name.prefix("right_")),
        ],
        how="horizontal",
    )
    plain = ["left_key", "right_key", "job_id", "job_day", "question_id"]
    plain += ["left_region", "right_region", "left_model", "right_model"]
    return pairs.select(*plain, *([_comparison(), _length_ratio()] * ours))


def _comparison() -> pl.Expr:
    one_model = pl.col("left_model") == pl.col("right_model")
    languages_differ = (pl.col("language") != pl.col("right_language")).fill_null(value=False)
    same_region = pl.col("left_region") == pl.col("right_region")
    kind = pl.when(same_region).then(pl.lit("repeat")).otherwise(pl.lit("cross_region"))
    one_variant = pl.col("prompt_variant") == pl.col("right_prompt_variant")
    comparable = one_model & one_variant & ~languages_differ & same_region.is_not_null()
    counts = pl.col("counts") & pl.col("right_counts")
    return pl.when(comparable & counts).then(kind).alias("comparison")


def _variant(answers: pl.DataFrame) -> pl.Expr:
    if "prompt_variant" in answers.columns:
        return pl.col("prompt_variant")
    return pl.lit("default").alias("prompt_variant")


def _length() -> pl.Expr:
    return pl.col("answer_text").str.len_chars().alias("length")


def _length_ratio() -> pl.Expr:
    left, right = pl.col("length"), pl.col("right_length")
    longer = pl.max_horizontal(left, right)
    ratio = pl.when(longer > 0).then(pl.min_horizontal(left, right) / longer).otherwise(1.0)
    return ratio.alias("length_ratio")
