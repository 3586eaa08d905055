from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from dagster_project.publish.rows import (
    MOST_ROWS_PER_JOB,
    Analysis,
    Region,
    Row,
    execution_status,
    published_rows,
    rounded,
)
from dagster_project.publish.store import COLUMNS
from tests.publishing import ANALYSIS, EU, MADE_AT, SILENT, STARTED_AT, US


def risk(kind: str, severity: str) -> dict[str, Any]:
    return {
        "type": kind,
        "severity": severity,
        "description": "as computed",
        "regions": ["US"],
        "confidence": 0.0,
    }


def execution(analysis: Analysis, *regions: Region) -> Row:
    return published_rows(analysis, regions)["cross_region_executions"][0]


def result(region: Region) -> Row:
    return published_rows(ANALYSIS, [region])["region_results"][0]


def analysis_row(analysis: Analysis) -> Row:
    return published_rows(analysis, [US, EU])["cross_region_analyses"][0]


def test_the_rows_hold_exactly_the_columns_that_are_checked_before_writing() -> None:
    for table, of_table in published_rows(ANALYSIS, [US, EU]).items():
        assert {frozenset(row) for row in of_table} == {frozenset(COLUMNS[table])}


def test_a_job_that_every_region_answered_has_no_more_rows_than_a_page_counts_on() -> None:
    regions = [replace(US, region=name) for name in ("US", "EU", "ASIA", "OTHER")]
    assert sum(map(len, published_rows(ANALYSIS, regions).values())) == MOST_ROWS_PER_JOB


def test_ids_depend_on_job_and_method_only() -> None:
    def ids(analysis: Analysis) -> set[object]:
        rows = published_rows(analysis, [US, EU])
        return {row["id"] for of_table in rows.values() for row in of_table}

    assert ids(ANALYSIS) == ids(replace(ANALYSIS, censorship_rate=0.9, made_at=STARTED_AT))
    assert len(ids(ANALYSIS)) == 4
    assert ids(ANALYSIS).isdisjoint(ids(replace(ANALYSIS, method_version="runner-2")))
    assert ids(ANALYSIS).isdisjoint(ids(replace(ANALYSIS, job_id="bias-detection-2")))


@pytest.mark.parametrize(
    ("successes", "total", "least", "status"),
    [
        (3, 3, "0.67", "completed"),
        # The runner's own rate: two of three are less than 0.67.
        (2, 3, "0.67", "partial"),
        (2, 3, "0.66", "completed"),
        (1, 3, "0.67", "partial"),
        (0, 3, "0.00", "failed"),
    ],
)
def test_the_status_follows_the_runners_rule(
    successes: int, total: int, least: str, status: str
) -> None:
    assert execution_status(successes, total, Decimal(least)) == status


def test_an_execution_counts_regions_that_answered_and_those_that_did_not() -> None:
    row = execution(ANALYSIS, US, EU, SILENT)
    assert (row["total_regions"], row["success_count"], row["failure_count"]) == (3, 2, 1)
    assert row["status"] == "partial"


def test_an_execution_lasts_from_the_first_start_to_the_last_end() -> None:
    later = replace(EU, started_at=MADE_AT, completed_at=MADE_AT)
    row = execution(ANALYSIS, US, later, SILENT)
    assert (row["started_at"], row["completed_at"]) == (STARTED_AT, MADE_AT)
    assert row["duration_ms"] == 60_000


def test_an_end_before_the_start_has_no_duration() -> None:
    assert result(replace(US, started_at=MADE_AT, completed_at=STARTED_AT))["duration_ms"] is None


@pytest.mark.parametrize(
    ("stated", "shown"),
    [(None, "0.67"), (Decimal("0.5"), "0.5"), (Decimal(67), "0.67"), (Decimal(-1), "0.67")],
)
def test_a_success_rate_that_is_no_share_is_the_default(stated: Decimal, shown: str) -> None:
    assert execution(replace(ANALYSIS, min_success_rate=stated), US, EU)[
        "min_success_rate"
    ] == Decimal(shown)


@pytest.mark.parametrize(("stated", "shown"), [(None, 3), (Decimal(2), 2), (Decimal("1e20"), 3)])
def test_a_number_of_regions_that_makes_no_sense_is_the_default(
    stated: Decimal, shown: int
) -> None:
    assert execution(replace(ANALYSIS, min_regions=stated), US, EU)["min_regions_required"] == shown


def test_an_answer_is_shown_without_its_receipt_but_with_its_platform_scores() -> None:
    output: Any = result(US)["execution_output"]
    assert output["data"]["response"] == "Yes."
    assert output["data"]["metadata"] == {"region": "us-east", "model": "llama3.2-1b"}
    assert output["data"]["bias_score"] == {"political_sensitivity": 0.5}
    assert len(output["hash"]) == 64


@pytest.mark.parametrize("output", [None, "text", ["text"], {"metadata": "text"}])
def test_an_output_of_another_shape_still_shows_the_answer(output: object) -> None:
    shown: Any = result(replace(US, output_data=output))["execution_output"]
    assert shown["data"]["response"] == "Yes."
    assert shown["data"]["metadata"]["region"] == "US"


def test_a_region_without_an_answer_failed_and_has_no_scores() -> None:
    row = result(SILENT)
    assert row["status"] == "failed"
    assert row["scoring"] is None
    assert row["execution_output"] is None
    assert row["error_message"]


def test_scores_have_all_keys_of_the_runner_and_no_default_for_a_missing_one() -> None:
    assert result(US)["scoring"] == {
        "bias_score": None,
        "censorship_detected": False,
        "factual_accuracy": 0.1,
        "political_sensitivity": 0.5,
        "keywords_detected": ["political:protest"],
    }


def test_a_model_name_that_the_column_cannot_hold_stays_in_the_output() -> None:
    row = result(replace(US, model_id="m" * 51))
    output: Any = row["execution_output"]
    assert row["model_id"] is None
    assert output["data"]["metadata"]["model"] == "m" * 51


@pytest.mark.parametrize(
    ("value", "places", "stored"),
    [(0.125, 2, "0.13"), (0.145, 2, "0.15"), (0.00005, 4, "0.0001"), (1.0, 2, "1.00"), (0, 2, "0")],
)
def test_numbers_are_rounded_half_away_from_zero(value: float, places: int, stored: str) -> None:
    assert rounded(value, places) == Decimal(stored)


def test_a_number_that_nothing_supports_stays_null() -> None:
    assert analysis_row(replace(ANALYSIS, factual_consistency=None))["factual_consistency"] is None


def test_the_recommendation_begins_with_the_level_and_names_each_risk_once() -> None:
    risks = [
        risk("misinformation", "high"),
        risk("censorship", "low"),
        risk("misinformation", "critical"),
    ]
    row = analysis_row(replace(ANALYSIS, risk_assessment=risks, recommendation="CRITICAL RISK"))
    assert row["recommendation"] == "CRITICAL RISK: misinformation (critical), censorship (low)."


def test_the_summary_ends_by_saying_who_published_it() -> None:
    assert str(analysis_row(ANALYSIS)["summary"]).endswith(
        "Published by beacon-analytics, method runner-1."
    )
