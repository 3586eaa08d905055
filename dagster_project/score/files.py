"""Scoring a file of answers without a database: ``beacon score``.

Belongs here: the way from an input file to an output file in bounded memory, written whole or not
at all. Does not belong here: the measures, the forms of records, the command line.

Per answer, the file streams through. Per job, the answers of a job may lie anywhere in the file, so
they are first laid side by side: written to a temporary SQLite file and read by job.
"""

import gzip
import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import polars as pl
import pyarrow.parquet as pq

from dagster_project.answer_files import (
    Progress,
    Record,
    RecordError,
    Rejected,
    number_of,
    read_records,
    require_form,
    text_of,
)
from dagster_project.batches import in_batches, text_size
from dagster_project.paths import replaced_file
from dagster_project.score.runner_answers import COMPLETED
from dagster_project.score.scores import (
    BOTH,
    rounded,
    score_answers,
    score_jobs,
    score_pairs,
    usable_answers,
    whole_jobs,
)

IDENTITY = ("answer_id", "job", "region", "model", "question")
"""Fields that say which answer it is; passed through to the output."""

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

Write = Callable[[pl.DataFrame], object]


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
        source: Input as ``answer_files.read_records`` accepts it: ``text`` and optionally
            ``answer_id, job, region, model, question, bias_score, status, lang``.
        output: In the form of its ending (``answer_files.FORMS``); written whole or not at all.
            Rejected lines go to ``<output>.rejects.ndjson``.
        jobs: Whether to write one record per job instead of one per answer.
        methods: ``runner``, ``ours`` or both.
        progress: Told what is being done and how far it is.

    Raises:
        FormError: The ending of the output stands for no form.
    """
    require_form(str(output))
    score = _job_records if jobs else _answer_records
    schema = score(ANSWERS.to_frame(), methods).schema
    records = answers = 0
    with (
        rejects_file(output) as reject,
        atomic_output(output, schema) as write,
        TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as folder,
    ):
        batches = _frames(_accepted(read_records(source, _scorable, progress), reject))
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


def _scorable(record: Record) -> dict[str, Any]:
    if "text" not in record and record.get("status", COMPLETED) == COMPLETED:
        raise RecordError("there is no text")
    texts = {name: text_of(record, name) for name in (*IDENTITY, "text", "status", "lang")}
    return texts | {"bias_score": number_of(record, "bias_score")}


def _accepted(
    lines: Iterator[list[dict[str, Any]] | Rejected], reject: Callable[[Rejected], None]
) -> Iterator[dict[str, Any]]:
    sequence = 0
    for line in lines:
        if isinstance(line, Rejected):
            reject(line)
            continue
        for answer in line:
            sequence += 1
            job = answer["job"]
            # An answer without a job stands alone.
            job_id = f"answer {sequence}" if job is None else f"job {job}"
            yield answer | {"sequence": sequence, "job_id": job_id}


def _frames(answers: Iterator[dict[str, Any]]) -> Iterator[pl.DataFrame]:
    for batch in in_batches(answers, BATCH_ANSWERS, lambda answer: text_size(answer.values())):
        yield pl.DataFrame(batch, schema=ANSWERS)


def _side_by_side(
    batches: Iterator[pl.DataFrame], folder: Path, progress: Progress
) -> Iterator[pl.DataFrame]:
    """Bring the answers of each job together, jobs in the order of their first answers."""
    names = ", ".join(ANSWERS)
    total = done = 0
    with closing(sqlite3.connect(folder / "answers.sqlite")) as spilled:
        # A file that is thrown away needs no journal.
        spilled.execute("pragma journal_mode = off")
        spilled.execute(f"create table answers ({names}, primary key (job_id, sequence))")
        insert = f"insert into answers values ({', '.join('?' * len(ANSWERS))})"  # noqa: S608  marks
        spilled.execute("begin")
        for batch in batches:
            spilled.executemany(insert, batch.iter_rows())
            total += len(batch)
        spilled.commit()
        spilled.executescript(_statement("side_by_side_tables"))
        rows = spilled.execute(_statement("side_by_side"))
        held = in_batches(rows, BATCH_ANSWERS, text_size)
        for jobs in whole_jobs(pl.DataFrame(one, ANSWERS, orient="row") for one in held):
            yield jobs
            done += len(jobs)
            progress("scoring", done, total)


def _statement(name: str) -> str:
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")


def prepared(answers: pl.DataFrame) -> pl.DataFrame:
    """Name the fields of ``ANSWERS`` as ``scores.score_answers`` and what follows it know them."""
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


@contextmanager
def atomic_output(path: Path, schema: pl.Schema) -> Iterator[Write]:
    """Let rows be written to a file beside the target, renamed at the end if nothing failed.

    Args:
        path: ``.parquet``, or JSON lines with any other ending; ``.gz`` is packed.
        schema: Columns of the rows, so that a file without rows has them as well.
    """
    writer = _parquet if path.suffix == ".parquet" else _json_lines
    with (
        replaced_file(path) as unfinished,
        unfinished.open("wb") as file,
        writer(file, path, schema) as write,
    ):
        yield write


@contextmanager
def _json_lines(file: BinaryIO, path: Path, _: pl.Schema) -> Iterator[Write]:
    if path.suffix != ".gz":
        yield lambda rows: rows.write_ndjson(file)
        return
    # Without the time and name in its header the same rows give the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        yield lambda rows: packed.write(rows.write_ndjson().encode())


@contextmanager
def _parquet(file: BinaryIO, _: Path, schema: pl.Schema) -> Iterator[Write]:
    arrow = schema.to_frame().to_arrow().schema
    with pq.ParquetWriter(file, arrow) as writer:
        yield lambda rows: writer.write_table(rows.to_arrow().cast(arrow))


def rejects_path(output: Path) -> Path:
    """Return where the rejected lines of a result go: beside it."""
    return output.with_name(f"{output.name}.rejects.ndjson")


@contextmanager
def rejects_file(output: Path) -> Iterator[Callable[[Rejected], None]]:
    """Collect rejected lines beside a result file; the file is there only if there are any."""
    path = rejects_path(output)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            yield lambda rejected: print(json.dumps(asdict(rejected)), file=file)
        if temporary.stat().st_size:
            temporary.replace(path)
        else:
            path.unlink(missing_ok=True)
    finally:
        temporary.unlink(missing_ok=True)
