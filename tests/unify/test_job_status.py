"""From source rows to a job's state; which evidence leads where is a unit test of the model."""

from collections.abc import Callable
from uuid import UUID

import pytest

from tests.reference.rows import (
    after,
    cross_region_execution,
    execution,
    failure,
    job,
    region_result,
    success,
)
from tests.reference.unify import Json
from tests.unify.finished import finish
from tests.unify.warehouse import Row, read

SPEC = {
    "benchmark": {"name": "bias-detection"},
    "constraints": {"regions": ["us-east", "eu-west"]},
    "metadata": {"models": ["llama3.2-1b"], "total_executions_expected": 1},
    "questions": ["math_basic"],
}
NAMES = (
    "answered",
    "in-transit",
    "rerouted",
    "blank",
    "half-failed",
    "stuck",
    "test-run",
    "whole-run-failed",
    "in-the-lost-days",
    "by-results",
    "simulated",
)
NUMBERS = {name: number for number, name in enumerate(NAMES, start=1)}


def _job(name: str, **changes: Json) -> Row:
    return job(id=NUMBERS[name], jobspec_id=name, jobspec_data=SPEC, **changes)


def _rows(name: str, us: Row, eu: Row | None = None) -> list[Row]:
    number = NUMBERS[name]
    rows = [{"id": number * 10, "region": "us-east", **us}]
    if eu is not None:
        rows.append({"id": number * 10 + 1, "region": "eu-west", **eu})
    return [{**execution(), **row, "job_id": number} for row in rows]


def _by(region: str, text: str = "Four.") -> Row:
    return {"output_data": success(text, region=region)}


FAILED = {"status": "failed", "provider_id": "", "output_data": failure()}
US, EU = _by("us-east"), _by("eu-west")


@pytest.fixture(scope="module")
def status(new_warehouse: Callable[[], str]) -> dict[str, Row]:
    """Rows of job_status by job."""
    url = new_warehouse()
    mock = {**US, "provider_id": "provider_us_001"}
    tables = {
        "jobs": [
            _job("answered"),
            _job("in-transit", status="running"),
            _job("rerouted"),
            _job("blank"),
            _job("half-failed"),
            _job("stuck", status="processing"),
            _job("test-run"),
            _job("whole-run-failed", status="queued"),
            _job("in-the-lost-days", created_at=after(days=-22)),
            _job("simulated"),
        ],
        "executions": [
            *_rows("answered", US, EU),
            *_rows("in-transit", US),
            *_rows("rerouted", US, {**US, "completed_at": after(seconds=1)}),
            *_rows("blank", _by("us-east", " "), _by("eu-west", "")),
            *_rows("half-failed", US, FAILED),
            *_rows("stuck", US, EU),
            *_rows("test-run", US, EU),
            *_rows("simulated", mock, {**EU, "provider_id": "provider_eu_001"}),
        ],
        "cross_region_executions": [
            cross_region_execution(
                1, jobspec_id="whole-run-failed", status="failed", success_count=0
            ),
            cross_region_execution(2, jobspec_id="in-the-lost-days", status="running"),
            cross_region_execution(3, jobspec_id="by-results"),
        ],
        "region_results": [
            region_result(1, cross_region_execution_id=UUID(int=3)),
            region_result(
                2,
                cross_region_execution_id=UUID(int=3),
                region="EU",
                execution_output={"data": success(region="eu-west")},
            ),
        ],
    }
    finish(url, tables)
    return {row["job_id"]: row for row in read(url, "select * from analytics.job_status")}


@pytest.mark.parametrize(
    ("name", "effective", "state"),
    [
        ("answered", "completed", "analysed"),
        ("in-transit", "in_flight", "partial"),
        ("rerouted", "completed", "single_region"),
        ("blank", "failed", "all_failed"),
        ("half-failed", "partial", "single_region"),
        ("stuck", "completed", "analysed"),
        ("test-run", "completed", "test_job"),
        ("whole-run-failed", "failed", "all_failed"),
        ("in-the-lost-days", "lost", "lost"),
        ("by-results", "partial", "analysed"),
        ("simulated", "completed", "excluded"),
    ],
)
def test_a_state_follows_from_the_source_rows(
    status: dict[str, Row], name: str, effective: str, state: str
) -> None:
    assert (status[name]["status"], status[name]["analysis_state"]) == (effective, state)


def test_every_job_has_one_row(status: dict[str, Row]) -> None:
    assert status.keys() == set(NAMES)


def test_an_answer_of_another_region_fills_its_slot_but_compares_nothing(
    status: dict[str, Row],
) -> None:
    rerouted = status["rerouted"]
    assert (rerouted["answered"], rerouted["usable_answers"]) == (2, 1)
    assert rerouted["regions"] == ["US"]


def test_a_job_without_a_jobs_row_has_no_number(status: dict[str, Row]) -> None:
    assert status["by-results"]["job_number"] is None
    assert status["by-results"]["workflow"] == "cross_region"
