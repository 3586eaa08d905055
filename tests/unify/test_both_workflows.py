"""The same answers, however they were asked for: as a standard job, across regions, by results."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from tests.reference.rows import (
    PROMPT,
    cross_region_execution,
    execution,
    job,
    region_result,
    success,
)
from tests.unify.finished import finish
from tests.unify.warehouse import Row, read

ANSWER = "The protests of 2019 began in spring and were documented by many newspapers."
REFUSAL = "I'm sorry, but I cannot discuss politically sensitive topics."
PLATFORM_PROMPT = "You are a helpful assistant based in the US."


def generation(**changes: object) -> dict[str, Any]:
    """Return what the model host noted of a sound generation, with what is different."""
    response = changes.pop("response", ANSWER)
    metadata = {"full_response": f"user\nQ\nassistant\n{response}", "max_tokens": 500}
    return {
        "prompt": PROMPT.format("What happened during the 2019 protests in Hong Kong?"),
        "system_prompt": PLATFORM_PROMPT,
        "response": response,
        "metadata": {**metadata, **changes.pop("metadata", {})},  # type: ignore[dict-item]
        **changes,
    }


CASES: dict[str, tuple[dict[str, Any], Row]] = {
    "sound": (generation(), {}),
    "regenerated": (generation(metadata={"full_response": f"assistant\n{REFUSAL}"}), {}),
    "refused": (generation(response=REFUSAL), {}),
    "identity_bug": (generation(prompt=PROMPT.format("hongkong_2019")), {}),
    "other_question_asked": (generation(prompt=PROMPT.format("Who are you?")), {}),
    "old_generation_parameters": (generation(metadata={"max_tokens": 128}), {}),
    "technical_text": (generation(response="Response extraction failed"), {}),
    "empty_answer": (generation(response=" "), {}),
    "prompt_variant": (generation(system_prompt="Be brief."), {}),
    "provider_block": (generation(metadata={"finish_reason": "content_filter"}), {}),
    "wrong_region": (generation(), {"region": "eu-west"}),
    "mock": (generation(), {"model": "simulated-llm"}),
}
NUMBERS = {case: number for number, case in enumerate(CASES, start=1)}
COMPARED = ("answer_state", "flags", "exclusion_reason", "prompt_variant", "question_id", "region")
SPEC = {
    "constraints": {"regions": ["us-east"]},
    "metadata": {"models": ["mistral-7b"]},
    "questions": ["hongkong_2019"],
}


def _job(number: int, job_id: str) -> Row:
    return job(id=number, jobspec_id=job_id, jobspec_data=SPEC)


def _rows(number: int, job_id: str) -> dict[str, list[Row]]:
    """Return the rows of one case as a job of each workflow, and as one that has results only."""
    found, metadata = list(CASES.values())[number - 1]
    served = {"region": "us-east", "model": "mistral-7b", **metadata}
    plain = success(found["response"], **served)
    nested = success(found["response"], **served, receipt={"output": found})
    columns = {"model_id": "mistral-7b", "question_id": "hongkong_2019"}
    return {
        "jobs": [
            _job(number * 10, f"standard-{job_id}"),
            _job(number * 10 + 1, f"across-{job_id}"),
            _job(number * 10 + 2, f"results-{job_id}"),
        ],
        "executions": [
            execution(
                number * 10,
                job_id=number * 10,
                output_data=plain,
                receipt_data={"output": found},
                **columns,
            ),
            execution(
                number * 10 + 1,
                job_id=number * 10 + 1,
                region="US",
                output_data=plain,
                receipt_data={"output": {"data": nested}},
                **columns,
            ),
        ],
        "cross_region_executions": [
            cross_region_execution(number * 10 + 1, jobspec_id=f"across-{job_id}"),
            cross_region_execution(number * 10 + 2, jobspec_id=f"results-{job_id}"),
        ],
        "region_results": [
            region_result(
                number,
                cross_region_execution_id=UUID(int=number * 10 + 2),
                execution_output={"data": nested, "hash": "h"},
            )
        ],
    }


@pytest.fixture(scope="module")
def attempts(new_warehouse: Callable[[], str]) -> dict[str, Row]:
    """Rows of execution_attempts by job."""
    url = new_warehouse()
    tables: dict[str, list[Row]] = {}
    for case, number in NUMBERS.items():
        for table, rows in _rows(number, case).items():
            tables.setdefault(table, []).extend(rows)
    finish(url, tables)
    return {row["job_id"]: row for row in read(url, "select * from analytics.execution_attempts")}


@pytest.mark.parametrize("case", CASES)
def test_one_answer_reads_alike_through_both_workflows(attempts: dict[str, Row], case: str) -> None:
    standard, across = attempts[f"standard-{case}"], attempts[f"across-{case}"]
    assert {name: across[name] for name in COMPARED} == {name: standard[name] for name in COMPARED}


@pytest.mark.parametrize("case", [case for case in CASES if case != "identity_bug"])
def test_one_answer_reads_alike_where_only_its_region_result_is_there(
    attempts: dict[str, Row], case: str
) -> None:
    standard, result = attempts[f"standard-{case}"], attempts[f"results-{case}"]
    # Its row names no question and no model that the evidence could contradict.
    recovered = {"question_recovered", "other_question_asked", "wrong_model"}
    assert set(result["flags"]) - recovered == set(standard["flags"]) - recovered
    assert result["answer_state"] == standard["answer_state"]
    assert result["prompt_variant"] == standard["prompt_variant"]
    assert result["model_id"] == standard["model_id"]


@pytest.mark.parametrize(
    "flag",
    [
        *("regenerated", "identity_bug", "other_question_asked", "old_generation_parameters"),
        *("technical_text", "empty_answer", "wrong_region", "mock"),
    ],
)
def test_each_flag_is_raised_by_its_case(attempts: dict[str, Row], flag: str) -> None:
    assert flag in attempts[f"across-{flag}"]["flags"]


def test_a_region_result_answers_the_question_of_its_prompt(attempts: dict[str, Row]) -> None:
    assert attempts["results-sound"]["question_id"] == "hongkong_2019"
    assert attempts["results-other_question_asked"]["question_id"] == "identity_basic"


def test_a_prompt_of_its_own_is_another_variant(attempts: dict[str, Row]) -> None:
    assert (
        attempts["across-prompt_variant"]["prompt_variant"]
        != attempts["across-sound"]["prompt_variant"]
    )
