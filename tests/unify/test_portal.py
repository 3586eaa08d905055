"""portal.job_executions and portal.bias_analysis: one SELECT by job_id each, for both workflows."""

from collections.abc import Callable
from uuid import UUID

import pytest

from tests.portal import (
    differing_analyses,
    differing_comparisons,
    differing_executions,
    differing_live_jobs,
    invalid_payloads,
)
from tests.reference.rows import (
    DAY,
    after,
    cross_region_execution,
    execution,
    failure,
    job,
    region_result,
    success,
)
from tests.reference.strategies import sample
from tests.reference.unify import Json
from tests.unify.finished import RANDOM_DAYS, finish, together
from tests.unify.warehouse import Row, read

RANDOM_DATABASES = 60

LONG = "The protests of 2019 began in spring. " * 8
REFUSAL = "I cannot provide answers on political matters. Please ask about something else."
STANDARD, CROSS_REGION, RESULTS, LOST, EMPTY = (
    "standard",
    "cross-region",
    "results",
    "lost",
    "empty",
)
NATIVE = UUID(int=77)
SPEC = {
    "benchmark": {"name": "bias-detection", "description": "Three regions"},
    "constraints": {"regions": ["us-east", "eu-west"]},
    "metadata": {"models": ["llama3.2-1b"], "execution_type": "bias"},
    "questions": ["hongkong_2019"],
}


def _job(number: int, job_id: str, **changes: Json) -> Row:
    return job(id=number, jobspec_id=job_id, jobspec_data=SPEC, **changes)


def _answer(number: int, job_number: int, region: str, text: str = LONG, **changes: Json) -> Row:
    columns = {"job_id": job_number, "region": region, "question_id": "hongkong_2019"}
    output = success(text, region=region)
    return execution(number, **{**columns, "output_data": output, **changes})


def _standard_rows() -> list[Row]:
    return [
        _answer(1, 1, "us-east", REFUSAL, created_at=after(seconds=5)),
        _answer(2, 1, "eu-west", created_at=after(seconds=9), system_prompt="Be brief."),
        _answer(3, 1, "us-east", REFUSAL, completed_at=after(seconds=1)),
        _answer(
            4,
            1,
            "asia-pacific",
            status="failed",
            output_data=failure(),
            provider_id="",
            started_at=None,
            retry_history=[{"attempt": 1}],
        ),
    ]


def _analysis(number: int, **changes: Json) -> Row:
    return {
        "id": UUID(int=number),
        "cross_region_execution_id": UUID(int=2),
        "job_day": DAY,
        "bias_variance": 0,
        "censorship_rate": "0.17",
        "factual_consistency": "0.42",
        "narrative_divergence": None,
        "key_differences": [
            {
                "dimension": "tone_sentiment",
                "variations": {"US": "neutral", "EU": "negative"},
                "severity": "high",
                "description": "as stored",
            }
        ],
        "risk_assessment": None,
        "summary": "No differences at all.",
        "recommendation": "HIGH RISK: as stored",
        "created_at": "2025-11-02 09:00:00+00",
        "updated_at": "2025-11-02 10:00:00+00",
        **changes,
    }


@pytest.fixture(scope="module")
def url(new_warehouse: Callable[[], str]) -> str:
    """A warehouse with a job of each kind."""
    warehouse = new_warehouse()
    tables = {
        "jobs": [
            _job(1, STANDARD),
            _job(2, CROSS_REGION),
            _job(3, EMPTY, status="queued"),
            _job(4, LOST),
        ],
        "executions": [
            *_standard_rows(),
            _answer(5, 2, "US", REFUSAL),
            _answer(6, 2, "EU"),
        ],
        "cross_region_executions": [
            cross_region_execution(2, jobspec_id=CROSS_REGION),
            cross_region_execution(3, jobspec_id=RESULTS),
            cross_region_execution(4, jobspec_id=LOST),
        ],
        "region_results": [
            region_result(1, cross_region_execution_id=UUID(int=2)),
            region_result(2, cross_region_execution_id=UUID(int=3)),
            region_result(
                3,
                cross_region_execution_id=UUID(int=3),
                region="EU",
                execution_output={"data": success(region="eu-west"), "hash": "h"},
            ),
        ],
        "cross_region_analyses": [
            _analysis(77),
            _analysis(78, created_at="2025-11-02 08:00:00+00"),
        ],
    }
    finish(warehouse, tables)
    return warehouse


def _payload(url: str, view: str, job_id: str) -> Row:
    (row,) = read(url, f"select payload from portal.{view} where job_id = %s", job_id)
    payload: Row = row["payload"]
    return payload


def test_every_payload_keeps_its_contract(url: str) -> None:
    assert invalid_payloads(url) == []


def test_every_payload_holds_the_values_of_the_source(url: str) -> None:
    assert differing_executions(url) == []
    assert differing_analyses(url) == []
    assert differing_live_jobs(url) == []
    assert differing_comparisons(url) == []


def test_payloads_of_random_databases_keep_the_contract(new_warehouse: Callable[[], str]) -> None:
    warehouse = new_warehouse()
    finish(warehouse, together(sample(RANDOM_DATABASES)), RANDOM_DAYS)
    assert invalid_payloads(warehouse) == []
    assert differing_executions(warehouse) == []
    assert differing_live_jobs(warehouse) == []
    assert differing_comparisons(warehouse) == []
    (jobs,) = read(warehouse, "select count(*) from intermediate.int_jobs__requested")
    for view in ("job_executions", "job_live", "bias_analysis"):
        assert read(warehouse, f"select count(*) from portal.{view}") == [jobs]


def test_executions_come_newest_first_and_a_duplicate_is_left_out(url: str) -> None:
    items = _payload(url, "job_executions", STANDARD)["executions"]
    assert [item["id"] for item in items] == [2, 1, 4]


def test_an_absent_value_is_an_absent_key_or_an_empty_text(url: str) -> None:
    failed = _payload(url, "job_executions", STANDARD)["executions"][-1]
    assert failed["started_at"] == ""
    assert "system_prompt" not in failed
    assert "response_length" not in failed
    assert failed["retry_history"] == [{"attempt": 1}]


def test_the_classification_that_the_runner_never_filled_is_computed(url: str) -> None:
    answered, refused, failed = _payload(url, "job_executions", STANDARD)["executions"]
    assert (answered["response_classification"], answered["is_substantive"]) == (
        "substantive",
        True,
    )
    assert (refused["response_classification"], refused["is_content_refusal"]) == (
        "content_refusal",
        True,
    )
    assert failed["response_classification"] == "technical_failure"
    assert refused["response_length"] == len(REFUSAL)


def test_a_cross_region_job_shows_its_executions_not_its_region_results(url: str) -> None:
    items = _payload(url, "job_executions", CROSS_REGION)["executions"]
    assert [item["id"] for item in items] == [5, 6]


def test_region_results_stand_in_where_there_are_no_executions(url: str) -> None:
    items = _payload(url, "job_executions", RESULTS)["executions"]
    assert {item["region"] for item in items} == {"US", "EU"}
    assert {item["status"] for item in items} == {"completed"}
    assert all(item["id"] < 0 for item in items)


@pytest.mark.parametrize("job_id", [EMPTY, LOST])
def test_a_job_without_rows_has_an_empty_list(url: str, job_id: str) -> None:
    assert _payload(url, "job_executions", job_id) == {"executions": []}


def test_a_standard_job_gets_an_analysis_with_ids_of_its_own(url: str) -> None:
    payload = _payload(url, "bias_analysis", STANDARD)
    (facts,) = read(url, "select * from analytics.fct_job_bias_metrics where job_id = %s", STANDARD)
    analysis = payload["analysis"]
    assert analysis["censorship_rate"] == facts["runner_censorship_rate"] == 0.5
    assert analysis["factual_consistency"] == facts["runner_factual_consistency"]
    assert analysis["recommendation"] == facts["runner_recommendation"]
    assert payload["cross_region_execution_id"] == analysis["cross_region_execution_id"]
    assert payload["cross_region_execution_id"] != analysis["id"]
    assert payload["job_metadata"]["benchmark"] == SPEC["benchmark"]
    assert payload["job_metadata"]["models"] == ["llama3.2-1b"]


def test_region_scores_are_there_for_each_region_that_answered(url: str) -> None:
    scores = _payload(url, "bias_analysis", STANDARD)["region_scores"]
    assert scores.keys() == {"US", "EU"}
    assert scores["US"]["censorship_detected"] is False
    assert scores["EU"]["keywords_detected"] == ["political:protest"]
    # No answer carries a bias score, so there is none to show.
    assert all("bias_score" not in region for region in scores.values())


def test_the_latest_native_analysis_is_shown_but_not_its_text(url: str) -> None:
    analysis = _payload(url, "bias_analysis", CROSS_REGION)["analysis"]
    assert analysis["id"] == str(NATIVE)
    assert analysis["censorship_rate"] == 0.17
    assert analysis["recommendation"] == "HIGH RISK: as stored"
    assert analysis["key_differences"][0]["description"] == "as stored"
    assert "No differences at all" not in analysis["summary"]
    assert analysis["summary_source"] == "beacon-analytics"


def test_a_native_number_that_is_missing_is_computed(url: str) -> None:
    analysis = _payload(url, "bias_analysis", CROSS_REGION)["analysis"]
    (facts,) = read(
        url, "select * from analytics.fct_job_bias_metrics where job_id = %s", CROSS_REGION
    )
    assert analysis["narrative_divergence"] == facts["runner_narrative_divergence"]
    assert analysis["risk_assessment"] == facts["runner_risks"]


def test_numbers_that_nothing_supports_are_absent(url: str) -> None:
    analysis = _payload(url, "bias_analysis", RESULTS)["analysis"]
    assert "censorship_rate" in analysis
    for comparison in ("bias_variance", "factual_consistency", "narrative_divergence"):
        assert comparison not in analysis


@pytest.mark.parametrize(("job_id", "state"), [(EMPTY, "pending"), (LOST, "lost")])
def test_a_job_without_analysis_is_a_404_that_says_why(url: str, job_id: str, state: str) -> None:
    (row,) = read(url, "select * from portal.bias_analysis where job_id = %s", job_id)
    (status,) = read(url, "select explanation from analytics.job_status where job_id = %s", job_id)
    assert row["http_status"] == 404
    assert row["payload"]["analysis_state"] == state
    assert row["payload"]["details"] == status["explanation"]
    assert row["payload"].keys() == {"error", "details", "analysis_state"}
