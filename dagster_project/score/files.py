"""Scoring a file of answers without a database: ``beacon score``.

Belongs here: the way from an input file to an output file in bounded memory. Does not belong here:
the measures, the forms of records, the command line.

Per answer, the file streams through. Per job, the answers of a job may lie anywhere in the file, so
they are first laid side by side: written to a temporary Parquet file and sorted by DuckDB, which
uses the disk when memory does not suffice.
"""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl

from dagster_project.score.batches import whole_jobs
from dagster_project.score.outputs import atomic_output, rejects_file, rejects_path
from dagster_project.score.records import (
    IDENTITY,
    Accepted,
    Progress,
    Record,
    Rejected,
    read_records,
)
from dagster_project.score.runner_answers import COMPLETED
from dagster_project.score.scores import (
    BOTH,
    rounded,
    score_answers,
    score_jobs,
    score_pairs,
    usable_answers,
)

BATCH_ANSWERS = 10_000
"""Answers in memory at a time; a job that has more is held whole."""

ANSWERS = pl.Schema(
    {
        **dict.fromkeys(IDENTITY, pl.String()),
        "text": pl.String(),
        "status": pl.String(),
        "lang": pl.String(),
        "bias_score": pl.Float64(),
        "sequence": pl.Int64(),
        "job_id": pl.String(),
    }
)
"""An answer on its way: its record, its place in the file, and its job or itself."""

RUNNER_ANSWER = (
    "runner_classification",
    "runner_response_length",
    "runner_political_sensitivity",
    "runner_censorship_score",
    "runner_cultural_bias",
    "runner_factual_accuracy",
    "runner_sentiment",
    "runner_keyword_flags",
)
OUR_ANSWER = (
    "answer_state",
    "answer_state_reason",
    "refusal_score",
    "refusal_evidence",
    "refusal_rules",
    "language",
)

_RUNNER_WITHOUT_ANSWERS = {
    "regions_with_responses": 0,
    "runner_bias_variance": 0.0,
    "runner_censorship_rate": 0.0,
    "runner_factual_consistency": 1.0,
    "runner_narrative_divergence": 0.0,
    "runner_recommendation": "LOW RISK",
}
"""What the runner's code returns for fewer than two regions."""

_OUR_COUNTS = ["refusals", "scored_answers", "cross_region_pairs", "repeat_pairs"]
_OUR_REASONS = [
    "refusal_rate_reason",
    "cross_region_divergence_reason",
    "repeat_divergence_reason",
    "excess_divergence_reason",
]

_SUCCESSES = (COMPLETED, "success")
_SORT_MEMORY = "256MB"


@dataclass(frozen=True)
class FileResult:
    """What became of a file: records written, answers read, lines rejected."""

    records: int
    answers: int
    rejected: int


def score_file(
    source: Path,
    output: Path,
    *,
    jobs: bool = False,
    methods: Collection[str] = BOTH,
    progress: Progress = lambda *_: None,
) -> FileResult:
    """Score a file of answers.

    Args:
        source: Input as ``records.read_records`` accepts it.
        output: ``.parquet``, or JSON lines with any other ending; written whole or not at all.
        jobs: Whether to write one record per job instead of one per answer.
        methods: ``runner``, ``ours`` or both.
        progress: Told what is being done and how far it is.

    Returns:
        Counts. Rejected lines are in ``<output>.rejects.ndjson``.

    Raises:
        OSError: A file cannot be read or written.
    """
    score = _job_records if jobs else _answer_records
    schema = score(ANSWERS.to_frame(), methods).schema
    records = answers = 0
    with (
        rejects_file(output) as reject,
        atomic_output(output, schema) as write,
        TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as folder,
    ):
        batches = _frames(_accepted(read_records(source, progress), reject))
        if jobs:
            batches = _side_by_side(batches, Path(folder), progress)
        for batch in batches:
            rows = rounded(score(batch, methods)).match_to_schema(schema)
            write(rows)
            records, answers = records + len(rows), answers + len(batch)
    return FileResult(records, answers, _lines(rejects_path(output)))


def _lines(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _accepted(
    lines: Iterator[Accepted | Rejected], reject: Callable[[Rejected], None]
) -> Iterator[Record]:
    sequence = 0
    for line in lines:
        if isinstance(line, Rejected):
            reject(line)
            continue
        for answer in line.answers:
            sequence += 1
            job = answer["job"]
            # An answer without a job stands alone.
            job_id = f"answer {sequence}" if job is None else f"job {job}"
            yield answer | {"sequence": sequence, "job_id": job_id}


def _frames(answers: Iterator[Record]) -> Iterator[pl.DataFrame]:
    while batch := list(islice(answers, BATCH_ANSWERS)):
        yield pl.DataFrame(batch, schema=ANSWERS)


def _side_by_side(
    batches: Iterator[pl.DataFrame], folder: Path, progress: Progress
) -> Iterator[pl.DataFrame]:
    """Bring the answers of each job together, jobs in the order of their first answers."""
    spilled = folder / "answers.parquet"
    total = done = 0
    with atomic_output(spilled, ANSWERS) as write:
        for batch in batches:
            write(batch)
            total += len(batch)
    statement = Path(__file__).with_name("side_by_side.sql").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = ?", [_SORT_MEMORY])
        connection.execute("set temp_directory = ?", [str(folder)])
        connection.execute("set threads = 1")
        connection.execute("set enable_progress_bar = false")
        ordered = connection.sql(statement, params={"file": str(spilled)})
        reader = ordered.to_arrow_reader(BATCH_ANSWERS)
        for jobs in whole_jobs(pl.DataFrame(batch, schema=ANSWERS) for batch in reader):
            yield jobs
            done += len(jobs)
            progress("scoring", done, total)


def prepared(answers: pl.DataFrame) -> pl.DataFrame:
    """Name the fields of a file's answers as the scoring engine knows them.

    Args:
        answers: Rows of ``ANSWERS``.

    Returns:
        The same rows with the columns of ``scores.score_answers`` and what follows it.
    """
    completed = pl.col("status").fill_null(COMPLETED).is_in(_SUCCESSES)
    return answers.with_columns(
        execution_key=pl.col("sequence").cast(pl.String),
        job_day=pl.lit(None, pl.Date),
        # One model, one question where the file names none; an unknown region stays unknown.
        model_id=pl.col("model").fill_null(""),
        question_id=pl.col("question").fill_null(""),
        status=pl.when(completed).then(pl.lit(COMPLETED)).otherwise("status"),
        answer_text=pl.col("text"),
        counts=pl.lit(value=True),
    )


def _answer_records(answers: pl.DataFrame, methods: Collection[str]) -> pl.DataFrame:
    columns = (*RUNNER_ANSWER * ("runner" in methods), *OUR_ANSWER * ("ours" in methods))
    return score_answers(prepared(answers), methods).select(*IDENTITY, *columns)


def _job_records(answers: pl.DataFrame, methods: Collection[str]) -> pl.DataFrame:
    jobs = answers.group_by("job_id", maintain_order=True).agg(pl.col("job").first())
    usable = usable_answers(score_answers(prepared(answers), methods))
    scores = score_jobs(usable, score_pairs(usable, methods), methods)
    scored = jobs.join(scores, on="job_id", how="left", maintain_order="left").with_columns(
        pl.col("answers").fill_null(0)
    )
    if "runner" in methods:
        scored = scored.with_columns(
            *(pl.col(name).fill_null(value) for name, value in _RUNNER_WITHOUT_ANSWERS.items()),
            runner_key_differences=_names(scored["runner_key_differences"], "dimension"),
            runner_risks=_names(scored["runner_risks"], "type"),
        )
    if "ours" in methods:
        scored = scored.with_columns(
            pl.col(_OUR_COUNTS).fill_null(0),
            pl.when(pl.col("answers") > 0)
            .then(pl.col(_OUR_REASONS))
            .otherwise(pl.lit("no_answers")),
        )
    return scored.drop("job_id", "job_day")


def _names(findings: pl.Series, kind: str) -> pl.Series:
    names = [
        sorted(f"{each[kind]}|{each['severity']}" for each in json.loads(text or "[]"))
        for text in findings
    ]
    return pl.Series(names, dtype=pl.List(pl.String))
