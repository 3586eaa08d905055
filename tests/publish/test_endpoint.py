"""What the runner's own bias page shows after publishing."""

import re

import psycopg
import pytest
from psycopg.rows import dict_row

from dagster_project.publish.decide import Action
from tests.portal import contract
from tests.publish.conftest import Copies, jobs_with
from tests.runner_endpoint import Row, bias_analysis

METRICS = ("bias_variance", "censorship_rate", "factual_consistency", "narrative_divergence")
SCORES = ("censorship_detected", "political_sensitivity", "factual_accuracy", "keywords_detected")


@pytest.fixture
def standard_jobs(copies: Copies) -> list[Row]:
    """Facts of every standard job, after publishing all."""
    copies.publish()
    with psycopg.connect(copies.warehouse, row_factory=dict_row) as connection:
        return connection.execute(
            "select facts.*, page.payload from analytics.fct_job_bias_metrics as facts"
            " inner join portal.bias_analysis as page on facts.job_id = page.job_id"
            " where facts.workflow = 'standard'"
        ).fetchall()


def test_every_analysable_standard_job_has_a_full_page_and_no_other_has_one(
    copies: Copies, standard_jobs: list[Row]
) -> None:
    pages = {job["job_id"]: bias_analysis(copies.runner, job["job_id"]) for job in standard_jobs}
    analysable = {job["job_id"] for job in standard_jobs if job["reason"] is None}
    assert {job_id for job_id, page in pages.items() if page} == analysable
    assert len(analysable) > 10
    validator = contract("bias_analysis")
    for job_id in analysable:
        page = pages[job_id]
        assert page is not None
        assert list(validator.iter_errors(page)) == []
        assert all(metric in page["analysis"] for metric in METRICS)
        assert len(page["region_scores"]) >= 2
        assert all(key in scores for scores in page["region_scores"].values() for key in SCORES)


def test_a_page_shows_what_the_warehouses_own_view_shows(
    copies: Copies, standard_jobs: list[Row]
) -> None:
    for job in standard_jobs:
        page = bias_analysis(copies.runner, job["job_id"])
        if page is None:
            continue
        ours = job["payload"]
        for metric in METRICS:
            assert page["analysis"][metric] == pytest.approx(ours["analysis"][metric], abs=0.00501)
        for findings in ("key_differences", "risk_assessment"):
            assert page["analysis"][findings] == ours["analysis"][findings]
        assert page["region_scores"] == ours["region_scores"]
        assert page["created_at"] == ours["created_at"]


def test_texts_agree_with_the_numbers_beside_them(copies: Copies, standard_jobs: list[Row]) -> None:
    for job in standard_jobs:
        page = bias_analysis(copies.runner, job["job_id"])
        if page is None:
            continue
        analysis = page["analysis"]
        stated = {
            name: float(number)
            for name, number in re.findall(
                r"(Censorship rate|Factual consistency|narrative divergence) ([\d.]+\d)",
                analysis["summary"],
            )
        }
        assert stated == {
            "Censorship rate": analysis["censorship_rate"],
            "Factual consistency": analysis["factual_consistency"],
            "narrative divergence": analysis["narrative_divergence"],
        }
        assert analysis["recommendation"].startswith(f"{job['runner_recommendation']}: ")
        for risk in analysis["risk_assessment"]:
            percent = re.match(r"([\d.]+)% of the answers", risk["description"])
            if percent:
                # One decimal of a per cent, beside a number with two decimals.
                rate = float(percent[1]) / 100
                assert rate == pytest.approx(analysis["censorship_rate"], abs=0.0055)


def test_an_execution_counts_its_regions(copies: Copies, standard_jobs: list[Row]) -> None:
    wrong = copies.read(
        "select cre.id from cross_region_executions as cre"
        " inner join region_results as result on result.cross_region_execution_id = cre.id"
        " where result.metadata ? 'published_by'"
        " group by cre.id having cre.total_regions <> count(*)"
        " or cre.success_count <> count(*) filter (where result.status = 'success')"
        " or cre.failure_count <> count(*) filter (where result.status = 'failed')"
        " or cre.status <> case when cre.success_count >= cre.min_success_rate * count(*)"
        " then 'completed' else 'partial' end"
    )
    assert wrong == []


def test_a_job_that_cannot_be_published_is_listed_with_its_reason(copies: Copies) -> None:
    outcomes = copies.publish()
    listed = {one.job_id: (one.reason, one.explanation) for one in outcomes if one.reason}
    expected = copies.read_warehouse(
        "select facts.job_id, facts.reason, status.explanation"
        " from analytics.fct_job_bias_metrics as facts"
        " inner join analytics.job_status as status on facts.job_id = status.job_id"
        " where facts.workflow = 'standard' and facts.reason is not null"
    )
    assert listed == {job_id: (reason, text) for job_id, reason, text in expected}
    assert set(jobs_with(outcomes, Action.NOT_PUBLISHED)) == set(listed)
