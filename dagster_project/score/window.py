"""Scoring a window of job_days of the warehouse: read answers, write ``scores.*``.

Belongs here: what is read, batched and replaced. Does not belong here: any measure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import polars as pl
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from dagster_project.batches import BATCH_BYTES
from dagster_project.frames import read_frames, write_frame
from dagster_project.partitions import Window
from dagster_project.postgres import connect, lock_table, read_sql
from dagster_project.score import METHOD_VERSION, TABLES, semantic_version
from dagster_project.score.scores import (
    rounded,
    score_answers,
    score_pairs,
    scored_jobs,
    usable_answers,
    whole_jobs,
)
from dagster_project.score.semantic import SemanticMeasure

ANSWERS = pl.Schema(
    {
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
)
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

KEYS = {
    "answers": ("execution_key",),
    "answer_pairs": ("left_key", "right_key"),
    "job_metrics": ("job_id",),
    "repeat_pairs": ("left_key",),
}
"""What tells rows of one day from each other, by table."""

MOST_REPEATS = 20
"""Answers of one day, model, region and question that are compared with each other, two by two:
more of them would cost time and tell little about how answers vary."""


@dataclass
class ScoreResult:
    """Rows that were written."""

    answers: int = 0
    pairs: int = 0
    jobs: int = 0
    repeats: int = 0


def score_window(warehouse_url: str, window: Window, batch_rows: int) -> ScoreResult:
    """Replace the scores of a window of job_days, all or nothing.

    Args:
        warehouse_url: libpq URL of the warehouse, as owner.
        window: Job_days, UTC.
        batch_rows: Answers held in memory at a time; a batch also ends at 16 MB. A question of a
            job is held whole.
    """
    with (
        connect(warehouse_url, application="score-read", read_only=True) as source,
        connect(warehouse_url, application="score-write") as target,
    ):
        _prepare(target)
        writing = _Writing(target, window, _semantic_measure(target, window))
        for jobs in scored_jobs(writing.parts(_read(source, window, batch_rows))):
            writing.add_jobs(jobs)
        for table in ("answers", "answer_pairs", "job_metrics"):
            writing.replace(table)
        # On the writing session: it sees the languages that are not committed yet.
        most = max(1, min(batch_rows, BATCH_BYTES // max(1, writing.longest)))
        for answers in whole_jobs(_read_repeats(target, window, most)):
            writing.add_repeats(answers)
        writing.replace("repeat_pairs")
        return writing.result


def _prepare(target: psycopg.Connection[TupleRow]) -> None:
    """Lock the tables and make one beside each that collects its new rows."""
    for table in TABLES:
        lock_table(target, f"scores.{table}")
    for table in TABLES:
        statement = "create temporary table {} (like {} including compression) on commit drop"
        target.execute(
            sql.SQL(statement).format(
                sql.Identifier(f"new_{table}"), sql.Identifier("scores", table)
            )
        )


def _semantic_measure(target: psycopg.Connection[TupleRow], window: Window) -> SemanticMeasure:
    values = {**vars(window), "method_version": semantic_version()}
    days = target.execute(read_sql("score/semantic_days.sql"), values).fetchall()
    return SemanticMeasure([day for (day,) in days])


def _read(
    source: psycopg.Connection[TupleRow], window: Window, batch_rows: int
) -> Iterator[pl.DataFrame]:
    query = read_sql("score/answers.sql")
    return read_frames(source, query, vars(window), ANSWERS, batch_rows)


def _read_repeats(
    target: psycopg.Connection[TupleRow], window: Window, batch_rows: int
) -> Iterator[pl.DataFrame]:
    bounds = {**vars(window), "most": MOST_REPEATS}
    with target.cursor(name="repeats", binary=True) as cursor:
        cursor.execute(read_sql("score/repeats.sql"), bounds)
        while rows := cursor.fetchmany(batch_rows):
            yield pl.DataFrame(rows, schema=REPEATS, orient="row")


@dataclass
class _Writing:
    """Scores on their way into the warehouse.

    Attributes:
        longest: Bytes of the longest answer so far.
    """

    target: psycopg.Connection[TupleRow]
    window: Window
    semantic: SemanticMeasure
    result: ScoreResult = field(default_factory=ScoreResult)
    longest: int = 0

    def parts(self, answers: Iterable[pl.DataFrame]) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Store answers and their pairs, and yield what their jobs are scored from."""
        for questions in whole_jobs(answers, key=("job_id", "question_id")):
            scored = score_answers(prepared(questions))
            usable = usable_answers(scored.filter("is_usable"))
            pairs = self.semantic.added_to(score_pairs(usable), usable)
            for table in ("answers", "answer_pairs", "job_metrics"):
                self._delete(table, scored[TABLES[table]])
            self._store("answers", scored)
            self._store("answer_pairs", pairs)
            self.result.answers += len(scored)
            self.result.pairs += len(pairs)
            longest = scored.select(pl.col("answer_text").str.len_bytes().max()).item()
            self.longest = max(self.longest, longest or 0)
            yield usable, pairs

    def add_jobs(self, jobs: pl.DataFrame) -> None:
        """Store what is known of whole jobs."""
        self._store("job_metrics", jobs)
        self.result.jobs += len(jobs)

    def add_repeats(self, answers: pl.DataFrame) -> None:
        """Store the similarities of groups of two answers."""
        pairs = score_pairs(answers.with_columns(counts=pl.lit(value=True)), methods=("ours",))
        compared = pairs.filter(pl.col("comparison") == "repeat")
        repeats = self.semantic.added_to(compared, answers).rename(
            {"left_model": "model_id", "left_region": "region"}
        )
        self._delete("repeat_pairs", repeats["left_key"])
        self._store("repeat_pairs", repeats)
        self.result.repeats += len(repeats)

    def replace(self, table: str) -> None:
        """Let the window of a table hold what was collected for it."""
        self.target.execute(
            "select ops.replace_rows(%s, %s, %s, %s, %s)",
            (
                f"scores.{table}",
                f"new_{table}",
                list(KEYS[table]),
                self.window.start,
                self.window.end,
            ),
        )

    def _store(self, table: str, rows: pl.DataFrame) -> None:
        name = sql.Identifier(f"new_{table}")
        with self.target.execute(sql.SQL("select * from {} limit 0").format(name)) as stored:
            columns = [column.name for column in stored.description or ()]
        versioned = rows.with_columns(method_version=pl.lit(METHOD_VERSION))
        write_frame(self.target, name, rounded(versioned.select(columns)))

    def _delete(self, table: str, keys: pl.Series) -> None:
        """Delete rows of days outside the window whose key comes back inside."""
        statement = read_sql("score/delete_moved.sql").format(
            table=sql.Identifier("scores", table), key=sql.Identifier(TABLES[table])
        )
        values = {"keys": keys.drop_nulls().unique().to_list(), **vars(self.window)}
        self.target.execute(statement, values)


def prepared(answers: pl.DataFrame) -> pl.DataFrame:
    """Add what the scores want to know of rows of ``ANSWERS``: which count, in no language yet."""
    return answers.with_columns(
        counts=pl.col("exclusion_reason").is_null(), lang=pl.lit(None, pl.String)
    )
