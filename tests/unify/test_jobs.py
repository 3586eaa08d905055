"""What a job asked for and how far it is: incidents that a single row does not show."""

from collections.abc import Callable
from uuid import UUID

import pytest

from dagster_project.stage import TestResult
from tests.reference.rows import (
    DAY,
    PROMPT,
    START,
    cross_region_execution,
    execution,
    failure,
    job,
    region_result,
    success,
)
from tests.unify.warehouse import Row, load, read, unify

QUESTIONS = ["math_basic", "geography_basic"]


def spec(**changes: object) -> Row:
    """Return a spec of one region, one model and one question, with what is different."""
    return {
        "constraints": {"regions": ["us-east"]},
        "metadata": {"models": ["llama3.2-1b"]},
        "questions": ["math_basic"],
        **changes,
    }


def asked(number: int, name: str, jobspec: Row | None = None, **changes: object) -> Row:
    """Return a job by its number and public id."""
    return job(id=number, jobspec_id=name, jobspec_data=jobspec or spec(), **changes)


JOBS = [
    asked(1, "missing", spec(questions=QUESTIONS, constraints={"regions": ["US", "eu_west"]})),
    asked(2, "lost", status="running"),
    asked(
        3,
        "wrong-total",
        spec(
            questions=QUESTIONS,
            metadata={
                "models": [{"id": "mistral:7b"}, {"name": "Qwen 2.5-1.5B Instruct"}],
                "total_executions_expected": 2,
            },
        ),
    ),
    asked(4, "resubmitted", spec(created_at="2025-11-05T00:00:00Z", questions=QUESTIONS)),
    asked(5, "silent", {"benchmark": "odd"}),
    asked(6, "list", spec(questions=QUESTIONS)),
    asked(7, "early"),
    asked(8, "elsewhere", spec(constraints={"regions": ["us-east", "eu-west"]})),
    asked(9, "results", spec(questions=QUESTIONS, constraints={"regions": ["US", "ASIA"]})),
    asked(10, "new-names", spec(constraints={"regions": ["mars-1"]})),
    asked(11, "final-check"),
    asked(12, "year-one", created_at=START.replace(year=1)),
    asked(13, "empty-text"),
]
EXECUTIONS = [
    execution(101, job_id=1),
    execution(102, job_id=1, region="EU", status="failed", output_data=failure()),
    execution(103, job_id=1, region="EU", question_id="geography_basic", status="running"),
    execution(401, job_id=4, region="eu-west", output_data=success(region="eu-west")),
    execution(501, job_id=5, model_id="mistral-7b", output_data=success(model="mistral-7b")),
    execution(
        601,
        job_id=6,
        question_id=None,
        receipt_data={
            "output": {"prompt": PROMPT.format("1. What is 2 + 2?\n2. Capital of France?")},
        },
    ),
    execution(
        701,
        job_id=7,
        region="unknown",
        question_id=None,
        status="failed",
        completed_at=START,
        output_data=failure("RUNNER_EARLY_FAILURE"),
    ),
    execution(801, job_id=8),
    execution(802, job_id=8, region="eu-west"),
    execution(
        1001,
        job_id=10,
        region="mars-1",
        status="exploded",
        question_id="New Question",
        output_data=success(region="mars-1", model="Gemma-3"),
    ),
    execution(1301, job_id=13, output_data=success(" ")),
]
RUNS = [
    cross_region_execution(2, jobspec_id="lost"),
    cross_region_execution(9, jobspec_id="results"),
    cross_region_execution(99, jobspec_id="without-jobs-row"),
]
RESULTS = [region_result(901, cross_region_execution_id=UUID(int=9))]


@pytest.fixture(scope="module")
def warehouse(new_warehouse: Callable[[], str]) -> str:
    url = new_warehouse()
    load(
        url,
        {
            "jobs": JOBS,
            "executions": EXECUTIONS,
            "cross_region_executions": RUNS,
            "region_results": RESULTS,
        },
    )
    return url


@pytest.fixture(scope="module")
def results(warehouse: str) -> dict[str, TestResult]:
    return {result.unique_id.split(".")[2]: result for result in unify(warehouse)}


@pytest.fixture(scope="module")
def unified(warehouse: str, results: dict[str, TestResult]) -> str:
    return warehouse


def progress(url: str, job_id: str) -> list[tuple[object, ...]]:
    """Return region, model, expected, completed, failed and pending of a job's cells."""
    rows = read(
        url,
        "select requested_region, model_id, expected, completed, failed, pending"
        " from analytics.job_progress where job_id = %s order by 1, 2",
        job_id,
    )
    return [tuple(row.values()) for row in rows]


def requested(url: str, job_id: str) -> Row:
    """Return what a job asked for."""
    (row,) = read(url, "select * from intermediate.int_jobs__requested where job_id = %s", job_id)
    return row


def test_i10_missing_rows_are_pending_slots(unified: str) -> None:
    assert progress(unified, "missing") == [
        ("EU", "llama3.2-1b", 2, 0, 1, 1),
        ("US", "llama3.2-1b", 2, 1, 0, 1),
    ]


def test_i12_a_lost_cross_region_job_still_shows_what_it_asked_for(unified: str) -> None:
    assert requested(unified, "lost")["workflow"] == "cross_region"
    assert progress(unified, "lost") == [("US", "llama3.2-1b", 1, 0, 0, 1)]


def test_i29_the_expected_total_is_recomputed_from_the_spec(unified: str) -> None:
    row = requested(unified, "wrong-total")
    assert (row["stored_expected_slots"], row["expected_slots"]) == (2, 4)
    assert row["requested_models"] == ["mistral-7b", "qwen2.5-1.5b"]
    assert "wrong_expected_total" in row["flags"]


def test_i28_executions_win_over_a_spec_that_was_submitted_later(unified: str) -> None:
    assert progress(unified, "resubmitted") == [("EU", "llama3.2-1b", 1, 1, 0, 0)]


def test_what_was_observed_stands_in_for_a_silent_spec(unified: str) -> None:
    assert progress(unified, "silent") == [("US", "mistral-7b", 1, 1, 0, 0)]


def test_i2_a_numbered_list_completes_all_questions(unified: str) -> None:
    assert progress(unified, "list") == [("US", "llama3.2-1b", 2, 2, 0, 0)]


def test_i6_an_early_failure_takes_no_slot_of_a_region(unified: str) -> None:
    assert progress(unified, "early") == [
        ("UNKNOWN", "llama3.2-1b", 0, 0, 1, 0),
        ("US", "llama3.2-1b", 1, 0, 0, 1),
    ]


def test_i8_an_answer_from_elsewhere_completes_the_slot_that_asked_for_it(unified: str) -> None:
    assert progress(unified, "elsewhere") == [
        ("EU", "llama3.2-1b", 1, 1, 0, 0),
        ("US", "llama3.2-1b", 1, 1, 0, 0),
    ]


def test_a_job_known_by_region_results_alone_shows_progress_per_region(unified: str) -> None:
    assert progress(unified, "results") == [
        ("ASIA", "unknown", 2, 0, 0, 2),
        ("US", "unknown", 3, 2, 1, 0),
    ]


def test_a_cross_region_run_without_a_jobs_row_is_a_job(unified: str) -> None:
    row = requested(unified, "without-jobs-row")
    assert (row["workflow"], row["job_number"], row["job_day"]) == ("cross_region", None, DAY)


def test_i15_an_empty_answer_completes_its_slot_without_answering_it(unified: str) -> None:
    (row,) = read(unified, "select * from analytics.job_progress where job_id = 'empty-text'")
    assert (row["completed"], row["answered"]) == (1, 0)


@pytest.mark.parametrize(
    ("job_id", "flag"), [("final-check", "test_job"), ("year-one", "zero_time")]
)
def test_i18_i31_a_job_carries_its_own_incidents(unified: str, job_id: str, flag: str) -> None:
    assert flag in requested(unified, job_id)["flags"]


@pytest.mark.parametrize(
    ("kind", "value", "seed"),
    [
        ("region", "mars-1", "region_aliases"),
        ("model", "gemma-3", "model_aliases"),
        ("question", "new_question", "questions"),
        ("status", "exploded", "status_aliases"),
    ],
)
def test_an_unknown_value_is_named_with_the_seed_to_edit(
    unified: str, kind: str, value: str, seed: str
) -> None:
    query = "select value, seed from analytics.unknown_values where kind = %s"
    assert read(unified, query, kind) == [{"value": value, "seed": seed}]


@pytest.mark.parametrize(
    "check", ["regions_are_known", "models_are_known", "questions_are_known", "statuses_are_known"]
)
def test_an_unknown_value_warns_and_does_not_stop_the_run(
    results: dict[str, TestResult], check: str
) -> None:
    assert (results[check].status, results[check].failures) == ("warn", 1)


def test_a_new_model_keeps_its_own_name_and_counts(unified: str) -> None:
    query = "select region, model_id, status from analytics.executions_unified where job_id = %s"
    assert read(unified, query, "new-names") == [
        {"region": "OTHER", "model_id": "gemma-3", "status": "unknown"}
    ]
