"""Scores of a window in a real warehouse."""

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from resource import RUSAGE_SELF, getrusage
from typing import Any

import psycopg
import pytest

from dagster_project.partitions import Window
from dagster_project.score import METHOD_VERSION, semantic_version
from dagster_project.score.window import ScoreResult, score_window

DAY = date(2025, 10, 1)
NEXT_DAY = date(2025, 10, 2)
WINDOW = Window(DAY, date(2025, 10, 3))
TABLES = ("answers", "answer_pairs", "job_metrics", "repeat_pairs")

OPEN = "The protest of 1989 was documented by many witnesses and newspapers. " * 4
CLOSED = "I'm sorry, but I cannot discuss politically sensitive topics of this kind. "

COLUMNS = {
    "execution_key": "text",
    "job_id": "text",
    "job_day": "date",
    "region": "text",
    "model_id": "text",
    "question_id": "text",
    "prompt_variant": "text",
    "status": "text",
    "is_usable": "boolean",
    "exclusion_reason": "text",
    "answer_text": "text",
    "bias_score": "double precision",
    "receipt_response": "text",
    "receipt_full_response": "text",
    "sequence": "bigint",
}


def answer(number: int, **values: object) -> dict[str, Any]:
    defaults = {
        "execution_key": f"e:{number}",
        "job_id": "job-1",
        "job_day": DAY,
        "region": "US",
        "model_id": "llama3.2-1b",
        "question_id": "tiananmen_neutral",
        "prompt_variant": "default",
        "status": "completed",
        "is_usable": True,
        "answer_text": OPEN,
        "sequence": number,
    }
    return dict.fromkeys(COLUMNS) | defaults | values


def answers_of_two_jobs() -> list[dict[str, Any]]:
    return [
        answer(1, region="US", bias_score=0.2),
        answer(2, region="EU", answer_text=CLOSED, bias_score=0.6),
        answer(3, region="ASIA", answer_text="\u6211\u4e0d\u80fd\u56de\u7b54\u3002" * 20),
        answer(4, region="US", model_id="qwen2.5-1.5b"),
        answer(5, region="US", is_usable=False),
        answer(6, region="UNKNOWN", is_usable=False, exclusion_reason="unknown_region"),
        answer(7, job_id="job-2", job_day=NEXT_DAY, exclusion_reason="retried"),
        answer(8, job_id="job-2", job_day=NEXT_DAY, region="EU"),
        answer(9, job_id=None, is_usable=False, exclusion_reason="orphan"),
        answer(10, job_id=None, is_usable=False, exclusion_reason="orphan", answer_text=""),
    ]


@pytest.fixture
def warehouse(warehouse_url: str) -> str:
    """A warehouse in which the answers that scoring reads are a plain table."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("create schema intermediate")
        connection.execute(f"create table intermediate.int_executions__answers ({columns})")
    store(warehouse_url, answers_of_two_jobs())
    return warehouse_url


def store(url: str, answers: Sequence[dict[str, Any]]) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("truncate intermediate.int_executions__answers")
        with connection.cursor().copy(
            f"copy intermediate.int_executions__answers ({', '.join(COLUMNS)}) from stdin"
        ) as copy:
            for row in answers:
                copy.write_row([row[name] for name in COLUMNS])


def rows(url: str, table: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(f"select * from scores.{table} order by 1, 2").fetchall()


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(url, table) for table in TABLES}


def column(url: str, table: str, name: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        statement = f"select {name} from scores.{table} order by 1"
        return [value for (value,) in connection.execute(statement).fetchall()]


def test_every_answer_is_scored_and_only_usable_ones_are_compared(warehouse: str) -> None:
    result = score_window(warehouse, WINDOW, batch_rows=100)

    assert result == ScoreResult(answers=10, pairs=7, jobs=2)
    assert column(warehouse, "answer_pairs", "left_key || ' ' || right_key") == [
        "e:1 e:2",
        "e:1 e:3",
        "e:1 e:4",
        "e:2 e:3",
        "e:2 e:4",
        "e:3 e:4",
        "e:7 e:8",
    ]


def test_ours_compares_one_model_in_one_language_between_answers_that_count(
    warehouse: str,
) -> None:
    score_window(warehouse, WINDOW, batch_rows=100)

    with psycopg.connect(warehouse) as connection:
        compared = connection.execute(
            "select left_key, right_key, comparison from scores.answer_pairs"
            " where word_jaccard is not null"
        ).fetchall()
    assert compared == [("e:1", "e:2", "cross_region")]


def test_answers_of_two_jobs_of_a_day_to_one_question_show_how_much_a_region_repeats_itself(
    warehouse: str,
) -> None:
    same = {"job_id": "job-3", "sequence": 30}
    store(
        warehouse,
        [
            *answers_of_two_jobs(),
            answer(30, **same),
            answer(31, **same, region="EU"),
            answer(32, **same, model_id="qwen2.5-1.5b", exclusion_reason="mock"),
            answer(33, **same, region="ASIA", answer_text=OPEN),
            answer(40, job_id="job-4"),
        ],
    )

    result = score_window(warehouse, WINDOW, batch_rows=1)

    assert result.repeats == 2
    assert [row[:6] for row in rows(warehouse, "repeat_pairs")] == [
        ("e:1", "e:30", DAY, "llama3.2-1b", "US", "tiananmen_neutral"),
        ("e:2", "e:31", DAY, "llama3.2-1b", "EU", "tiananmen_neutral"),
    ]
    assert column(warehouse, "repeat_pairs", "word_jaccard")[-1] == 1


def test_meaning_is_measured_on_the_days_that_ask_for_it_and_on_no_other(warehouse: str) -> None:
    other_words = "Numerous observers and newspapers recorded the demonstrations of 1989. " * 4
    store(
        warehouse,
        [
            answer(1),
            answer(2, region="EU", answer_text=other_words),
            answer(3, region="ASIA", answer_text=CLOSED),
            answer(4, job_id="job-2", job_day=NEXT_DAY),
            answer(5, job_id="job-2", job_day=NEXT_DAY, region="EU"),
        ],
    )
    with psycopg.connect(warehouse) as connection:
        connection.execute("insert into ops.semantic_days (job_day) values (%s)", [DAY])
    score_window(warehouse, WINDOW, batch_rows=100)

    found = {
        (left, right): cosine
        for left, right, cosine in column(
            warehouse, "answer_pairs", "(left_key, right_key, semantic_cosine)"
        )
    }
    assert 1 > float(found["e:1", "e:2"]) > 0.5 > float(found["e:1", "e:3"])
    assert found["e:4", "e:5"] is None
    with psycopg.connect(warehouse) as connection:
        asked = connection.execute("select job_day, method_version from ops.semantic_days")
        assert asked.fetchall() == [(DAY, semantic_version())]


def test_only_answers_to_one_prompt_variant_are_compared(warehouse: str) -> None:
    store(
        warehouse,
        [answer(1, prompt_variant="default"), answer(2, region="EU", prompt_variant="1d2f3c4b")],
    )
    score_window(warehouse, WINDOW, batch_rows=100)
    assert column(warehouse, "answer_pairs", "comparison") == [None]


def test_a_job_has_the_runners_numbers_with_their_json(warehouse: str) -> None:
    score_window(warehouse, WINDOW, batch_rows=100)

    with psycopg.connect(warehouse) as connection:
        row = connection.execute(
            "select runner_censorship_rate, regions_with_responses, runner_key_differences,"
            " runner_risks, method_version from scores.job_metrics where job_id = 'job-1'"
        ).fetchone()
    assert row is not None
    rate, regions, differences, risks, version = row
    assert (rate, regions, version) == (0.25, 3, METHOD_VERSION)
    assert {tuple(difference) for difference in differences} == {
        ("severity", "dimension", "variations", "description")
    }
    assert {tuple(risk) for risk in risks} == {
        ("type", "regions", "severity", "confidence", "description")
    }
    censorship = next(each for each in differences if each["dimension"] == "censorship")
    assert censorship["variations"] == {"ASIA": "uncensored", "EU": "censored", "US": "uncensored"}


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 7])
def test_the_size_of_a_batch_changes_nothing(warehouse: str, batch_rows: int) -> None:
    score_window(warehouse, WINDOW, batch_rows=100)
    whole = contents(warehouse)
    result = score_window(warehouse, WINDOW, batch_rows=batch_rows)

    assert result == ScoreResult(answers=10, pairs=7, jobs=2)
    assert contents(warehouse) == whole


def test_an_answer_that_is_gone_leaves_no_score(warehouse: str) -> None:
    score_window(warehouse, WINDOW, batch_rows=100)
    store(warehouse, [answer(1), answer(2, region="EU")])
    score_window(warehouse, WINDOW, batch_rows=100)

    assert column(warehouse, "answers", "execution_key") == ["e:1", "e:2"]
    assert column(warehouse, "job_metrics", "job_id") == ["job-1"]


def test_another_day_stays_as_it_is(warehouse: str) -> None:
    score_window(warehouse, WINDOW, batch_rows=100)
    store(warehouse, [])
    score_window(warehouse, Window.of_day(DAY), batch_rows=100)

    assert column(warehouse, "job_metrics", "job_id") == ["job-2"]


def test_a_job_that_moved_to_another_day_is_there_once(warehouse: str) -> None:
    score_window(warehouse, WINDOW, batch_rows=100)
    moved = [row | {"job_day": NEXT_DAY} for row in answers_of_two_jobs()]
    store(warehouse, moved)
    result = score_window(warehouse, Window.of_day(NEXT_DAY), batch_rows=100)

    assert result == ScoreResult(answers=10, pairs=7, jobs=2, repeats=1)
    for table in TABLES:
        assert set(column(warehouse, table, "job_day")) == {NEXT_DAY}


def test_a_failure_leaves_the_old_scores(warehouse: str) -> None:
    score_window(warehouse, WINDOW, batch_rows=100)
    whole = contents(warehouse)
    store(warehouse, [answer(1, answer_text=CLOSED), answer(1, answer_text=CLOSED)])
    with pytest.raises(psycopg.errors.UniqueViolation):
        score_window(warehouse, WINDOW, batch_rows=1)

    assert contents(warehouse) == whole


def test_text_survives_the_way_through_the_database(warehouse: str) -> None:
    awkward = 'tab\there "quoted" back\\slash {brace} caf\u00e9, I cannot discuss\n\\N'
    full = f"user\nWhat?\nassistant\n{awkward}"
    store(
        warehouse,
        [answer(1, receipt_response="Another answer.", receipt_full_response=full)],
    )
    score_window(warehouse, WINDOW, batch_rows=100)

    assert column(warehouse, "answers", "first_answer_text") == [awkward]
    assert json.loads(column(warehouse, "job_metrics", "runner_risks::text")[0]) == []


def test_memory_holds_a_question_of_a_job_and_not_all_of_them(warehouse: str) -> None:
    text = " ".join(f"w{number}" for number in range(150_000))
    store(
        warehouse,
        [answer(number, question_id=f"q{number}", answer_text=text) for number in range(60)],
    )
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(_peak_growth_mb, warehouse).result() < 600


def _peak_growth_mb(warehouse: str) -> float:
    before = getrusage(RUSAGE_SELF).ru_maxrss
    score_window(warehouse, Window.of_day(DAY), batch_rows=10_000)
    return (getrusage(RUSAGE_SELF).ru_maxrss - before) / 1024
