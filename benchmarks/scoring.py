"""Measure how many answers one core scores per second, and with which memory.

    python benchmarks/scoring.py [--answers 9000] [--rounds 5] [--files 10000 100000]

Answers are made up: about 1,500 characters, three regions x three models per question, four
questions per job, so that each answer is in eight pairs. Times are CPU seconds of one process with
one thread, the best of some rounds; the plain-Python reference scores the same answers in the same
run. Then files of the sizes of ``--files`` go through ``beacon score --jobs``, each in a process of
its own, whose peak memory is shown.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, islice, product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from dagster_project.paths import PROJECT_DIR
from dagster_project.runner_db.spec import seeded
from dagster_project.score import semantic_version
from dagster_project.score.files import ANSWERS, prepared, score_file
from dagster_project.score.scores import (
    BOTH,
    score_answers,
    score_jobs,
    score_pairs,
    usable_answers,
)
from dagster_project.score.semantic import SemanticMeasure

sys.path.insert(0, str(PROJECT_DIR))
from tests import reference_runner as reference

SEED = 20251001
ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
REGIONS = ("US", "EU", "ASIA")
MODELS = ("llama3.2-1b", "mistral-7b", "qwen2.5-1.5b")
QUESTIONS = ("tiananmen_neutral", "taiwan_status", "hongkong_2019", "greatest_leader")
ANSWERS_PER_QUESTION = len(REGIONS) * len(MODELS)
VOCABULARY, WORDS = 20_000, 255
SYLLABLES = (
    "ba",
    "ke",
    "ti",
    "lo",
    "mu",
    "ra",
    "sen",
    "tor",
    "vel",
    "dan",
    "con",
    "al",
    "er",
    "st",
)
PHRASES = (
    "according to the evidence",
    "human rights",
    "the government",
    "a protest",
    "great progress",
    "a problem",
    "Chinese",
    "freedom",
    "I cannot provide information on",
)
REFERENCE_ANSWERS = 900
TARGETS = {"runner": 30_000, "both": 10_000}


@dataclass(frozen=True)
class Speed:
    """One measured method."""

    name: str
    per_second: float


def texts(seed: int) -> Iterator[str]:
    """Yield made-up answers without end: words by Zipf's law, some phrases that methods look for.

    They look English and have about 1,500 characters; same seed, same texts.
    """
    chance = seeded(str(seed))
    vocabulary = [
        "".join(chance.choices(SYLLABLES, k=chance.choice((1, 2, 2, 3)))) for _ in range(VOCABULARY)
    ]
    weights = list(accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))
    while True:
        words = chance.choices(vocabulary, cum_weights=weights, k=WORDS)
        for place in range(7, WORDS, 12):
            words[place] += chance.choice((".", ",", ";"))
        for _ in range(4):
            words[chance.randrange(WORDS)] = chance.choice(PHRASES)
        yield " ".join(words).capitalize()


def records(count: int) -> Iterator[dict[str, object]]:
    """Yield made-up records of whole questions, as a file of answers holds them."""
    source = texts(SEED)
    job = 0
    made = 0
    while True:
        job += 1
        for question, model, region in product(QUESTIONS, MODELS, REGIONS):
            if made == count:
                return
            made += 1
            yield {
                "answer_id": str(made),
                "job": f"job-{job}",
                "region": region,
                "model": model,
                "question": question,
                "text": next(source),
                "bias_score": made % 10 / 10,
            }


def best_cpu_seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the CPU seconds of the fastest of some rounds, after one to warm up."""
    work()
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def method_speeds(count: int, rounds: int) -> list[Speed]:
    """Measure every method in memory."""
    rows = [
        {**record, "sequence": number, "job_id": record["job"], "status": None, "lang": None}
        for number, record in enumerate(records(count))
    ]
    answers = prepared(pl.DataFrame(rows, schema=ANSWERS))

    def scored(methods: Sequence[str], *, jobs: bool) -> Callable[[], object]:
        def work() -> object:
            usable = usable_answers(score_answers(answers, methods))
            pairs = score_pairs(usable, methods)
            return score_jobs(usable, pairs, methods) if jobs else pairs

        return work

    def plain() -> object:
        some = rows[:REFERENCE_ANSWERS]
        jobs = [some[start : start + 36] for start in range(0, len(some), 36)]
        single = [reference.answer_scores({**row, "status": "completed"}) for row in some]
        return single, [
            reference.job_scores([{**row, "status": "completed"} for row in job]) for job in jobs
        ]

    measured = {
        "runner": (scored(["runner"], jobs=False), count),
        "runner with job metrics": (scored(["runner"], jobs=True), count),
        "ours": (scored(["ours"], jobs=True), count),
        "both": (scored(BOTH, jobs=True), count),
        "plain Python, runner with job metrics": (plain, min(count, REFERENCE_ANSWERS)),
    }
    return [
        Speed(name, size / best_cpu_seconds(work, rounds))
        for name, (work, size) in measured.items()
    ]


def scored_file(source: Path, output: Path) -> tuple[float, float]:
    """Score a file in this process; return CPU seconds and peak memory in MB."""
    start = time.process_time()
    score_file(source, output, jobs=True)
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return time.process_time() - start, peak_kb / 1024


def file_line(count: int) -> str:
    """Score a made-up file of a size and say how long it took and how much memory."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "answers.ndjson"
        with source.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in records(count))
        with get_context("spawn").Pool(1) as pool:
            seconds, peak = pool.apply(scored_file, (source, Path(folder) / "jobs.ndjson"))
    return f"{count:>10,} {seconds:>12.1f} {count / seconds:>14,.0f} {peak:>12,.0f}"


def semantic_line(count: int) -> str:
    """Compare made-up answers by their meaning and say how fast and with how much memory."""
    if semantic_version() is None:
        return "without the extra semantic"
    with get_context("spawn").Pool(1) as pool:
        seconds, before, peak = pool.apply(compared_by_meaning, (count,))
    return f"{count / seconds:,.0f} answers/s, {peak - before:,.0f} MB beyond {before:,.0f}"


def compared_by_meaning(count: int) -> tuple[float, float, float]:
    """Compare answers two by two; return CPU seconds, and peak memory in MB before and after."""
    answers = pl.DataFrame(
        {
            "execution_key": [str(number) for number in range(count)],
            "answer_text": list(islice(texts(SEED), count)),
        }
    )
    pairs = pl.DataFrame(
        {
            "left_key": [str(number) for number in range(0, count, 2)],
            "right_key": [str(number) for number in range(1, count, 2)],
            "job_day": [date(2025, 10, 1)] * (count // 2),
            "comparison": ["repeat"] * (count // 2),
        }
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    SemanticMeasure([date(2025, 10, 1)]).added_to(pairs, answers)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return time.process_time() - start, before, peak


def main() -> None:
    """Print the tables."""
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        # The libraries read these when they are loaded.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})  # noqa: S606
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--answers", type=int, default=9_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, nargs="*", default=[10_000, 100_000])
    arguments = parser.parse_args()

    example = [len(text) for text in islice(texts(SEED), 1_000)]
    print(
        f"{arguments.answers:,} answers of {sum(example) / len(example):,.0f} characters,"
        f" {ANSWERS_PER_QUESTION} to a question, one thread"
    )
    speeds = method_speeds(arguments.answers, arguments.rounds)
    plain = speeds[-1].per_second
    print(f"\n{'method':<40} {'answers/s':>10} {'x plain':>8} {'target':>10}")
    for speed in speeds:
        target = TARGETS.get(speed.name)
        print(
            f"{speed.name:<40} {speed.per_second:>10,.0f} {speed.per_second / plain:>8.1f}"
            f" {f'{target:,}' if target else '':>10}"
        )
    print(f"\nsemantic measure: {semantic_line(400)}")
    print(f"\n{'file':>10} {'CPU seconds':>12} {'answers/s':>14} {'peak MB':>12}")
    for count in arguments.files:
        print(file_line(count))


if __name__ == "__main__":
    main()
