"""The same answers, however they were asked for: as a standard job, across regions, by results."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from tests.reference.flags import PREDICATES
from tests.reference.rows import (
    PROMPT,
    after,
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
YEAR_ONE = after().replace(year=1)


def generation(**changes: object) -> dict[str, Any]:
    """Return what the model host noted of a sound generation, with what is different."""
    response = changes.pop("response", ANSWER)
    metadata: dict[str, Any] = {
        "full_response": f"user\nQ\nassistant\n{response}",
        "max_tokens": 500,
    }
    changed = changes.pop("metadata", {})
    assert isinstance(changed, dict)
    return {
        "prompt": PROMPT.format("What happened during the 2019 protests in Hong Kong?"),
        "system_prompt": PLATFORM_PROMPT,
        "response": response,
        "metadata": metadata | changed,
        **changes,
    }


@dataclass(frozen=True)
class Case:
    """One answer, to be stored by either workflow.

    Attributes:
        found: What the model host noted.
        served: Metadata of the output that differ.
        row: Columns of its row of executions that differ.
        twin: Columns in which a second row differs from the first; None without one.
        job: Columns of its job that differ.
        spec: Members of its spec that differ.
    """

    found: dict[str, Any] = field(default_factory=generation)
    served: Row = field(default_factory=dict)
    row: Row = field(default_factory=dict)
    twin: Row | None = None
    job: Row = field(default_factory=dict)
    spec: Row = field(default_factory=dict)

    @property
    def is_told_by_its_result(self) -> bool:
        """Whether a region result alone, which has no such columns, can tell it."""
        return not self.row and self.twin is None and not self.job


FAILED: Row = {"status": "failed", "provider_id": "", "output_data": None, "receipt_data": None}
EARLY = {
    "error": "synthetic",
    "error_code": "RUNNER_EARLY_FAILURE",
    "failure": {"code": "RUNNER_EARLY_FAILURE"},
}
FLAGGED: dict[str, Case] = {
    "after_cancel": Case(job={"status": "cancelled", "updated_at": after(seconds=1)}),
    "copied": Case(twin={"question_id": "taiwan_status"}),
    "default_model": Case(row={"model_id": "llama3.2-1b"}),
    "duplicate": Case(twin={"completed_at": after(seconds=9)}),
    "early_failure": Case(row={**FAILED, "output_data": EARLY, "region": "unknown"}),
    "empty_answer": Case(generation(response=" ")),
    "identity_bug": Case(generation(prompt=PROMPT.format("hongkong_2019"))),
    "inflated_start": Case(row={"completed_at": after(seconds=60)}),
    "mock": Case(served={"model": "simulated-llm"}),
    "multi_question": Case(
        generation(prompt=PROMPT.format("1. Is it?\n2. Why?\n")), row={"question_id": None}
    ),
    "negative_duration": Case(row={"completed_at": after(seconds=-2)}),
    "old_generation_parameters": Case(generation(metadata={"max_tokens": 128})),
    "other_question_asked": Case(generation(prompt=PROMPT.format("Who are you?"))),
    "outage": Case(row={**FAILED, "completed_at": after(milliseconds=40)}),
    "question_recovered": Case(row={"question_id": None}),
    "regenerated": Case(generation(metadata={"full_response": f"assistant\n{REFUSAL}"})),
    "resubmitted": Case(spec={"created_at": "2025-11-07T08:00:00Z"}),
    "retried": Case(row={"retry_count": 1}),
    "technical_text": Case(generation(response="Response extraction failed")),
    "test_job": Case(spec={"benchmark": {"name": "test run"}}),
    "timeout": Case(row={**FAILED, "status": "timeout"}),
    "unknown_model": Case(served={"model": "phi-3.5-mini"}, row={"model_id": "phi-3.5-mini"}),
    "unknown_question": Case(
        generation(prompt=PROMPT.format("Is the press free?")), row={"question_id": "press_freedom"}
    ),
    "unknown_region": Case(served={"region": "mars"}),
    "unknown_status": Case(row={"status": "exploded"}),
    "wrong_model": Case(served={"model": "qwen2.5-1.5b"}),
    "wrong_region": Case(served={"region": "eu-west"}),
    "zero_time": Case(row={"completed_at": YEAR_ONE}),
}
"""A case for each flag, by its name."""

OF_NO_WORKFLOW = {"orphan": "its job is gone, and with it the workflow that asked"}
"""Flags that no job can show, with the reason."""

CASES = {
    **FLAGGED,
    "sound": Case(),
    "refused": Case(generation(response=REFUSAL)),
    "prompt_variant": Case(generation(system_prompt="Be brief.")),
    "provider_block": Case(generation(metadata={"finish_reason": "content_filter"})),
}
NUMBERS = {case: 10 * number for number, case in enumerate(CASES, start=1)}
COMPARED = (
    *("answer_state", "flags", "exclusion_reason", "prompt_variant", "question_id", "region"),
    *("model_id", "status", "duration_ms", "is_current", "attempt_reason"),
)
SPEC = {
    "constraints": {"regions": ["us-east"]},
    "metadata": {"models": ["mistral-7b"]},
    "questions": ["hongkong_2019"],
}
SECONDS = 2
COLUMNS = {"model_id": "mistral-7b", "question_id": "hongkong_2019"}


def _outputs(case: Case) -> tuple[Row, Row]:
    """Return the output of a case without and with the model host's receipt within."""
    served = {"region": "us-east", "model": "mistral-7b", **case.served}
    text = case.found["response"]
    return success(text, **served), success(text, **served, receipt={"output": case.found})


def _executions(name: str) -> list[Row]:
    """Return the row of a case, and its twin, as a job of each workflow has it."""
    case, number = CASES[name], NUMBERS[name]
    plain, nested = _outputs(case)
    standard: Row = {
        "job_id": number,
        "region": "us-east",
        "output_data": plain,
        "receipt_data": {
            "id": f"receipt-{name}",
            "execution_details": {"duration": SECONDS},
            "output": case.found,
        },
    }
    across: Row = {
        "job_id": number + 1,
        "region": "US",
        "output_data": nested,
        "receipt_data": {
            "id": f"receipt-{name}",
            "execution_details": {"duration": SECONDS * 1_000_000_000},
            "output": {"data": nested},
        },
    }
    return [
        execution(columns["job_id"] + place, **{**columns, **COLUMNS, **case.row, **changes})
        for columns in (standard, across)
        for place, changes in ((0, {}), (5, case.twin))
        if changes is not None
    ]


def _tables(name: str) -> dict[str, list[Row]]:
    """Return the rows of one case as a job of each workflow, and as one that has results only."""
    case, number = CASES[name], NUMBERS[name]
    workflows = ("standard", "across", "results")
    return {
        "jobs": [
            job(
                id=number + place,
                jobspec_id=f"{workflow}-{name}",
                jobspec_data={**SPEC, **case.spec},
                **case.job,
            )
            for place, workflow in enumerate(workflows)
        ],
        "executions": _executions(name),
        "cross_region_executions": [
            cross_region_execution(number + place, jobspec_id=f"{workflow}-{name}")
            for place, workflow in enumerate(workflows)
            if workflow != "standard"
        ],
        "region_results": [
            region_result(
                number,
                cross_region_execution_id=UUID(int=number + 2),
                execution_output={"data": _outputs(case)[1], "hash": "h"},
            )
        ],
    }


@pytest.fixture(scope="module")
def attempts(new_warehouse: Callable[[], str]) -> dict[str, list[Row]]:
    """Rows of execution_attempts by job, the first row of its case first."""
    url = new_warehouse()
    tables: dict[str, list[Row]] = {}
    for case in CASES:
        for table, rows in _tables(case).items():
            tables.setdefault(table, []).extend(rows)
    finish(url, tables)
    found: dict[str, list[Row]] = {}
    for row in read(url, "select * from analytics.execution_attempts order by execution_id"):
        found.setdefault(row["job_id"], []).append(row)
    return found


@pytest.mark.parametrize("case", CASES)
def test_one_answer_reads_alike_through_both_workflows(
    attempts: dict[str, list[Row]], case: str
) -> None:
    standard, across = (
        [{name: row[name] for name in COMPARED} for row in attempts[f"{workflow}-{case}"]]
        for workflow in ("standard", "across")
    )
    assert across == standard


@pytest.mark.parametrize("flag", FLAGGED)
def test_each_flag_is_raised_by_its_case(attempts: dict[str, list[Row]], flag: str) -> None:
    assert flag in {one for row in attempts[f"across-{flag}"] for one in row["flags"]}


def test_every_flag_has_a_case_or_a_reason_to_have_none() -> None:
    assert {*PREDICATES, "copied", "duplicate"} == {*FLAGGED, *OF_NO_WORKFLOW}


@pytest.mark.parametrize(
    "name",
    [name for name, case in CASES.items() if case.is_told_by_its_result and name != "identity_bug"],
)
def test_one_answer_reads_alike_where_only_its_region_result_is_there(
    attempts: dict[str, list[Row]], name: str
) -> None:
    (standard,), (result,) = attempts[f"standard-{name}"], attempts[f"results-{name}"]
    # Its row names no question and no model that the evidence could contradict.
    recovered = {"question_recovered", "other_question_asked", "wrong_model"}
    assert set(result["flags"]) - recovered == set(standard["flags"]) - recovered
    assert result["answer_state"] == standard["answer_state"]
    assert result["prompt_variant"] == standard["prompt_variant"]
    assert result["model_id"] == standard["model_id"]


def test_a_region_result_answers_the_question_of_its_prompt(
    attempts: dict[str, list[Row]],
) -> None:
    assert attempts["results-sound"][0]["question_id"] == "hongkong_2019"
    assert attempts["results-other_question_asked"][0]["question_id"] == "identity_basic"


def test_a_prompt_of_its_own_is_another_variant(attempts: dict[str, list[Row]]) -> None:
    assert (
        attempts["across-prompt_variant"][0]["prompt_variant"]
        != attempts["across-sound"][0]["prompt_variant"]
    )
