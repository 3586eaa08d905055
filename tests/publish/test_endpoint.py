"""What the runner's own bias page shows after publishing."""

import re

import psycopg
import pytest
from psycopg.rows import dict_row

from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.backfill.reconcile import rows_without_day
from dagster_project.doctor.databases import database_findings, target_findings
from dagster_project.doctor.finding import Finding, Level
from dagster_project.extract.schema import SchemaDriftError
from dagster_project.paths import SQL_DIR
from dagster_project.publish.decide import Action
from dagster_project.publish.rows import REGION_NAMES, shown_finding
from tests.portal import contract
from tests.publish.conftest import Copies, jobs_with
from tests.runner_endpoint import Row, bias_analysis

METRICS = ("bias_variance", "censorship_rate", "factual_consistency", "narrative_divergence")
SCORES = ("censorship_detected", "political_sensitivity", "factual_accuracy", "keywords_detected")


SHOWN_LEVELS = {"CRITICAL RISK": "HIGH RISK (critical)"}
UNANALYSED = """
    select facts.job_id
    from analytics.fct_job_bias_metrics as facts
    where facts.workflow = 'cross_region' and not facts.had_native_analysis
    and facts.reason is null and not exists (
        select from raw.cross_region_analyses as stored
        where stored.cross_region_execution_id = facts.cross_region_execution_id
    )
"""


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
            shown = [shown_finding(each) for each in ours["analysis"][findings]]
            assert page["analysis"][findings] == shown
        assert page["region_scores"] == {
            REGION_NAMES[region]: scores for region, scores in ours["region_scores"].items()
        }
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
        level = SHOWN_LEVELS.get(job["runner_recommendation"], job["runner_recommendation"])
        assert analysis["recommendation"].startswith(f"{level}: ")
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
    listed = {
        one.job_id: (one.reason, one.explanation)
        for one in outcomes
        if one.reason and one.reason != "native_analysis"
    }
    expected = copies.read_warehouse(
        "select facts.job_id, facts.reason, status.explanation"
        " from analytics.fct_job_bias_metrics as facts"
        " inner join analytics.job_status as status on facts.job_id = status.job_id"
        " where (facts.workflow = 'standard' or not facts.had_native_analysis)"
        " and facts.reason is not null"
    )
    assert listed == {job_id: (reason, text) for job_id, reason, text in expected}
    # An analysis that says nothing (I-22) is the runner's own all the same.
    placeholders = {one.job_id for one in outcomes if one.reason == "native_analysis"}
    assert set(jobs_with(outcomes, Action.NOT_PUBLISHED)) == {*listed, *placeholders}


def test_the_page_knows_every_level_and_finds_every_region_on_its_map(
    copies: Copies, standard_jobs: list[Row]
) -> None:
    found = [page for job in standard_jobs if (page := bias_analysis(copies.runner, job["job_id"]))]
    findings = [
        finding
        for page in found
        for key in ("key_differences", "risk_assessment")
        for finding in page["analysis"][key]
    ]
    assert {finding["severity"] for finding in findings} <= {"high", "medium", "low"}
    assert any(finding["description"].startswith("Critical: ") for finding in findings)
    assert all(
        page["analysis"]["recommendation"].startswith(("HIGH RISK", "MEDIUM RISK", "LOW RISK"))
        for page in found
    )
    for page in found:
        for region in set(page["region_scores"]) - {REGION_NAMES["OTHER"]}:
            assert sum(place in region for place in ("us", "eu", "asia")) == 1


def test_a_cross_region_job_that_lost_its_analysis_gets_one_that_can_be_taken_back(
    copies: Copies,
) -> None:
    unanalysed = [str(job_id) for (job_id,) in copies.read_warehouse(UNANALYSED)]
    assert len(unanalysed) > 0
    before, hashes = copies.source(), fingerprints(copies.runner)
    copies.publish()
    for job_id in unanalysed:
        page = bias_analysis(copies.runner, job_id)
        assert page is not None
        assert "Analysed by beacon-analytics" in page["analysis"]["summary"]
    assert (
        copies.source()["cross_region_executions"][: len(before["cross_region_executions"])]
        == (before["cross_region_executions"])
    )
    assert fingerprints(copies.runner) == hashes
    assert rows_without_day(copies.runner) == []
    copies.unpublish()
    assert copies.source() == before


def test_a_native_analysis_that_comes_later_takes_the_place_of_ours(copies: Copies) -> None:
    ((job_id, execution),) = copies.read_warehouse(
        UNANALYSED.replace("job_id\n", "job_id, facts.cross_region_execution_id\n", 1) + " limit 1"
    )
    copies.publish()
    copies.execute(
        "insert into cross_region_analyses (id, cross_region_execution_id, summary)"
        " values (gen_random_uuid(), %s, 'theirs')",
        execution,
    )
    (outcome,) = [one for one in copies.publish() if one.job_id == job_id]
    assert (outcome.action, outcome.reason) == (Action.WITHDRAWN, "native_analysis")
    page = bias_analysis(copies.runner, str(job_id))
    assert page is not None
    assert page["analysis"]["summary"] == "theirs"


def test_a_target_whose_page_could_not_read_what_is_written_is_refused_with_the_remedy(
    copies: Copies,
) -> None:
    copies.publish()
    copies.execute("alter table cross_region_analyses drop column summary_source")
    for dry_run in (True, False):
        with pytest.raises(SchemaDriftError, match=r"404 for every job.*add column summary_source"):
            copies.publish(dry_run=dry_run)
    assert copies.unpublish() != []
    copies.execute("alter table cross_region_analyses add column summary_source text")
    assert jobs_with(copies.publish(), Action.PUBLISHED)


def test_the_doctor_names_what_keeps_the_page_from_showing_it(copies: Copies) -> None:
    def findings() -> dict[str, Finding]:
        variable = "BEACON_PUBLISH_URL"
        found = database_findings("publish", variable, copies.publisher, target_findings)
        return {one.check: one for one in found}

    assert {one.level for one in findings().values()} == {Level.OK}
    copies.execute("alter table cross_region_analyses drop column summary_source")
    unread = findings()["publish reader"]
    assert unread.level is Level.FAIL
    assert "add column summary_source" in unread.remedy
    copies.execute("revoke insert on region_results from beacon_publisher")
    assert findings()["publish tables"].level is Level.FAIL


def test_the_doctor_says_whether_rows_of_executions_may_be_written(copies: Copies) -> None:
    def finding() -> Finding:
        variable = "BEACON_PUBLISH_URL"
        found = database_findings("publish", variable, copies.publisher, target_findings)
        (only,) = [one for one in found if one.check == "publish executions"]
        return only

    assert "source_publisher_executions.sql" in finding().found
    copies.execute((SQL_DIR / "roles/source_publisher_executions.sql").read_text(encoding="utf-8"))
    granted = finding()
    assert granted.level is Level.OK
    assert "on request" in granted.found
    copies.execute("revoke usage on sequence executions_id_seq from beacon_publisher")
    partial = finding()
    assert partial.level is Level.WARN
    assert "sequence" in partial.found
