"""Scoring a window of job_days of the warehouse: read answers, write ``scores.*``.

Belongs here: what is read, batched and replaced. Does not belong here: any measure.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from dagster_project.partitions import Window
from dagster_project.postgres import connect, lock_table, read_sql
from dagster_project.score import METHOD_VERSION, TABLES, semantic_version
from dagster_project.score.scores import (
    rounded,
    score_answers,
    score_jobs,
    score_pairs,
    usable_answers,
    whole_jobs,
)
from dagster_project.score.semantic import SemanticMeasure

ANSWERS = {
    "execution_key": pl.String,
    "job_id": pl.String,
    "job_day": pl.Date,
    "region": pl.String,
    "model_id": pl.String,
    "question_id": pl.String,
    "prompt_variant": pl.String,
    "status": pl.String,
    "is_usable": pl.Boolean,
    "exclusion_reason": pl.String,
    "answer_text": pl.String,
    "bias_score": pl.Float64,
    "receipt_response": pl.String,
    "receipt_full_response": pl.String,
    "sequence": pl.Int64,
}
"""Columns of ``score/answers.sql``."""

REPEATS = {
    "execution_key": pl.String,
    "job_id": pl.String,
    "job_day": pl.Date,
    "region": pl.String,
    "model_id": pl.String,
    "question_id": pl.String,
    "sequence": pl.Int64,
    "answer_text": pl.String,
    "language": pl.String,
}
"""Columns of ``score/repeats.sql``; ``job_id`` names a group of two answers."""

MOST_REPEATS = 20
"""Answers of one day, model, region and question that are compared with each other, two by two:
more of them would cost time and tell little about how answers vary."""


@dataclass(frozen=True)
class ScoreResult:
    """Rows that were written."""

    answers: int = 0
    pairs: int = 0
    jobs: int = 0
    repeats: int = 0

    def __add__(self, other: "ScoreResult") -> "ScoreResult":
        """Return the rows of both."""
        return ScoreResult(
            self.answers + other.answers,
            self.pairs + other.pairs,
            self.jobs + other.jobs,
            self.repeats + other.repeats,
        )


def score_window(warehouse_url: str, window: Window, batch_rows: int) -> ScoreResult:
    """Replace the scores of a window of job_days, all or nothing.

    Args:
        warehouse_url: libpq URL of the warehouse, as owner.
        window: Job_days, UTC.
        batch_rows: Answers held in memory at a time; a job that has more is held whole.
    """
    with (
        connect(warehouse_url, application="score-read", read_only=True) as source,
        connect(warehouse_url, application="score-write") as target,
    ):
        _empty(target, window)
        semantic = _semantic_measure(target, window)
        written = ScoreResult()
        for answers in whole_jobs(_read(source, window, batch_rows)):
            written += _replace(target, answers, semantic)
        # On the writing session: it sees the languages that are not committed yet.
        for answers in whole_jobs(_read_repeats(target, window, batch_rows)):
            written += _add_repeats(target, answers, semantic)
        return written


def _empty(target: psycopg.Connection[TupleRow], window: Window) -> None:
    for table in TABLES:
        lock_table(target, f"scores.{table}")
    for table in TABLES:
        statement = sql.SQL("delete from {} where job_day >= %s and job_day < %s")
        target.execute(
            statement.format(sql.Identifier("scores", table)), [window.start, window.end]
        )


def _semantic_measure(target: psycopg.Connection[TupleRow], window: Window) -> SemanticMeasure:
    values = {**vars(window), "method_version": semantic_version()}
    days = target.execute(read_sql("score/semantic_days.sql"), values).fetchall()
    return SemanticMeasure([day for (day,) in days])


def _read(
    source: psycopg.Connection[TupleRow], window: Window, batch_rows: int
) -> Iterator[pl.DataFrame]:
    with source.cursor(name="answers", binary=True) as cursor:
        cursor.execute(read_sql("score/answers.sql"), {"start": window.start, "end": window.end})
        while rows := cursor.fetchmany(batch_rows):
            yield pl.DataFrame(rows, schema=ANSWERS, orient="row")


def _read_repeats(
    target: psycopg.Connection[TupleRow], window: Window, batch_rows: int
) -> Iterator[pl.DataFrame]:
    bounds = {**vars(window), "most": MOST_REPEATS}
    with target.cursor(name="repeats", binary=True) as cursor:
        cursor.execute(read_sql("score/repeats.sql"), bounds)
        while rows := cursor.fetchmany(batch_rows):
            yield pl.DataFrame(rows, schema=REPEATS, orient="row")


def _add_repeats(
    target: psycopg.Connection[TupleRow], answers: pl.DataFrame, semantic: SemanticMeasure
) -> ScoreResult:
    pairs = score_pairs(answers.with_columns(counts=pl.lit(value=True)), methods=("ours",))
    compared = pairs.filter(pl.col("comparison") == "repeat")
    repeats = semantic.added_to(compared, answers).rename(
        {"left_model": "model_id", "left_region": "region"}
    )
    _store(target, "repeat_pairs", repeats, repeats["left_key"].to_list())
    return ScoreResult(repeats=len(repeats))


def _replace(
    target: psycopg.Connection[TupleRow], answers: pl.DataFrame, semantic: SemanticMeasure
) -> ScoreResult:
    scored = score_answers(_prepared(answers))
    usable = usable_answers(scored.filter("is_usable"))
    pairs = semantic.added_to(score_pairs(usable), usable)
    jobs = score_jobs(usable, pairs)
    written = {"answers": scored, "answer_pairs": pairs, "job_metrics": jobs}
    for table, rows in written.items():
        keys = scored[TABLES[table]].drop_nulls().unique().to_list()
        _store(target, table, rows, keys)
    return ScoreResult(len(scored), len(pairs), len(jobs))


def _prepared(answers: pl.DataFrame) -> pl.DataFrame:
    return answers.with_columns(
        counts=pl.col("exclusion_reason").is_null(), lang=pl.lit(None, pl.String)
    )


def _store(
    target: psycopg.Connection[TupleRow], table: str, rows: pl.DataFrame, keys: list[str]
) -> None:
    name = sql.Identifier("scores", table)
    # Rows of another day whose key comes back on this one.
    delete = sql.SQL("delete from {} where {} = any(%s)")
    target.execute(delete.format(name, sql.Identifier(TABLES[table])), [keys])
    with target.execute(sql.SQL("select * from {} limit 0").format(name)) as stored:
        columns = [column.name for column in stored.description or ()]
    versioned = rows.with_columns(method_version=pl.lit(METHOD_VERSION))
    rows = rounded(versioned.select(columns))
    statement = sql.SQL("copy {} ({}) from stdin").format(
        name, sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with target.cursor().copy(statement) as copy:
        for row in rows.iter_rows():
            copy.write_row(row)
