"""The scoring engine: answers in, scores out. Pure functions over data frames.

Belongs here: which measures go into which result. Does not belong here: the measures themselves,
files and databases.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

import polars as pl

from dagster_project.score.our_jobs import our_job_scores
from dagster_project.score.pairs import score_pairs
from dagster_project.score.refusals import classify
from dagster_project.score.regeneration import regeneration
from dagster_project.score.runner_answers import COMPLETED, runner_answer_scores
from dagster_project.score.runner_jobs import runner_job_scores

__all__ = [
    "BOTH",
    "rounded",
    "score_answers",
    "score_jobs",
    "score_pairs",
    "scored_jobs",
    "usable_answers",
    "whole_jobs",
]

BOTH = ("runner", "ours")
"""The two families of measures."""

_DECIMALS = 12
_TEXTS = ("answer_text", "receipt_response", "receipt_full_response", "first_answer_text")


def score_answers(answers: pl.DataFrame, methods: Collection[str] = BOTH) -> pl.DataFrame:
    """Score each answer on its own.

    Args:
        answers: ``answer_text`` and ``status``; for our method also ``lang`` (may be null) and,
            where there are receipts, ``receipt_response`` and ``receipt_full_response``. One row
            per answer.
        methods: ``runner``, ``ours`` or both.

    Returns:
        The same rows in the same order with the columns of the methods added: those of
        ``scores.answers`` and what ``score_jobs`` needs.
    """
    scored = [answers]
    if "runner" in methods:
        scored.append(runner_answer_scores(answers))
    if "ours" in methods:
        question = "question_id" if "question_id" in answers.columns else pl.lit(None, pl.String)
        texts = answers.select("lang", "status", text="answer_text", question=question)
        scored.append(classify(texts))
        if "receipt_full_response" in answers.columns:
            again = regeneration(answers)
            scored += [again, _first_states(scored[-1], again)]
    return pl.concat(scored, how="horizontal")


def _first_states(states: pl.DataFrame, again: pl.DataFrame) -> pl.DataFrame:
    """What the model said first: a first text is classified like any answer.

    Where it is known to exist but lost, it was a refusal: only these are asked again.
    """
    rows = pl.concat([states.select("answer_state"), again], how="horizontal").with_row_index("row")
    recovered = rows.filter(pl.col("first_answer_text").is_not_null())
    texts = recovered.select(text="first_answer_text")
    known = recovered.select("row", _first=classify(texts)["answer_state"])
    regenerated = pl.col("regenerated").fill_null(value=False)
    lost = regenerated & pl.col("first_answer_text").is_null()
    return rows.join(known, on="row", how="left", maintain_order="left").select(
        first_state=pl.when(lost)
        .then(pl.lit("refusal"))
        .when(regenerated)
        .then("_first")
        .otherwise("answer_state"),
        first_state_inferred=lost,
    )


def usable_answers(scored: pl.DataFrame) -> pl.DataFrame:
    """Keep the answers that job metrics are made of: completed, ``answer_text`` not empty.

    The runner leaves out the empty text only, not blank ones.
    """
    has_text = pl.col("answer_text").fill_null("") != ""
    return scored.filter(pl.col("status") == COMPLETED, has_text)


def score_jobs(
    scored: pl.DataFrame, pairs: pl.DataFrame, methods: Collection[str] = BOTH
) -> pl.DataFrame:
    """Score each job from its usable answers and their pairs.

    Args:
        scored: ``score_answers`` of usable answers of whole jobs, with ``execution_key, job_id,
            job_day, question_id, region, sequence, bias_score, counts``.
        pairs: ``score_pairs`` of the same answers.
        methods: ``runner``, ``ours`` or both.

    Returns:
        One row per job, by job_id: ``job_id, job_day, answers`` and the columns of the methods.
    """
    jobs = scored.group_by("job_id").agg(pl.col("job_day").first(), answers=pl.len().cast(pl.Int64))
    if "runner" in methods:
        jobs = jobs.join(runner_job_scores(scored, pairs), on="job_id")
    if "ours" in methods:
        jobs = jobs.join(our_job_scores(scored, pairs), on="job_id")
    return jobs.sort("job_id")


def rounded(scores: pl.DataFrame) -> pl.DataFrame:
    """Round scores to 12 decimals, as they are stored: then they do not depend on the machine.

    Nor on the order of what was added up: a sum that is 0 but for its last digits may be below it,
    and -0 is not stored.
    """
    # Finds -0, too; adding 0 is left out by polars.
    return scores.with_columns(pl.col(pl.Float64).round(_DECIMALS).replace(0.0, 0.0))


def whole_jobs(
    batches: Iterable[pl.DataFrame], key: Sequence[str] = ("job_id",)
) -> Iterator[pl.DataFrame]:
    """Cut batches anew, in the same order, so that no job is spread over two.

    Args:
        batches: The rows of a job lie together; those without one come last.
        key: What names a job, or the part of one that is to stay whole.
    """
    held = None
    for batch in batches:
        rows = batch if held is None else pl.concat([held, batch])
        # Rows without a job are jobs of their own: comparing them with null keeps none back.
        is_open = pl.all_horizontal(pl.col(name) == pl.col(name).last() for name in key)
        held = rows.filter(is_open)
        yield rows.filter((~is_open).fill_null(value=True))
    if held is not None:
        yield held


def scored_jobs(parts: Iterable[tuple[pl.DataFrame, pl.DataFrame]]) -> Iterator[pl.DataFrame]:
    """Score jobs that come in parts, of which one at a time is held with its texts.

    Args:
        parts: Usable answers, as ``score_answers`` returns them, and their pairs. The parts of a
            job follow each other; each question of it is whole in one.

    Yields:
        What ``score_jobs`` returns of the jobs that are over.
    """
    held: tuple[pl.DataFrame, pl.DataFrame] | None = None
    for answers, pairs in parts:
        part = answers.drop(_TEXTS, strict=False), pairs
        held = (
            part if held is None else (pl.concat([held[0], part[0]]), pl.concat([held[1], pairs]))
        )
        if len(answers):
            is_open = pl.col("job_id") == answers["job_id"][-1]
            yield score_jobs(held[0].filter(~is_open), held[1].filter(~is_open))
            held = held[0].filter(is_open), held[1].filter(is_open)
    if held is not None:
        yield score_jobs(*held)
