"""What portal and analysts read, on the finished pipeline."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from statsmodels.stats.proportion import proportion_confint

from dagster_project.postgres import read_sql, sql_files
from tests.pipeline import Pipeline
from tests.portal import differing_analyses, differing_executions, invalid_payloads

ANALYST = "analyst"
JOB_INCIDENTS = {"I-12", "I-19", "I-29", "I-31"}
ANALYSIS_INCIDENTS = {"I-20", "I-22"}


def test_every_payload_of_the_portal_keeps_its_contract(pipeline: Pipeline) -> None:
    assert invalid_payloads(pipeline.databases.warehouse) == []


def test_every_payload_of_the_portal_holds_the_values_of_the_source(pipeline: Pipeline) -> None:
    assert differing_executions(pipeline.databases.warehouse) == []
    assert differing_analyses(pipeline.databases.warehouse) == []


def test_every_standard_job_that_two_regions_answered_has_an_analysis(pipeline: Pipeline) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        rows = connection.execute("""
            with questions as (
                select executions.job_id
                from analytics.executions_unified as executions
                inner join analytics.job_status as jobs on executions.job_id = jobs.job_id
                where
                    jobs.workflow = 'standard'
                    and executions.has_answer
                    and executions.exclusion_reason is null
                    and executions.region in ('US', 'EU', 'ASIA')
                group by executions.job_id, executions.question_id
                having count(distinct executions.region) > 1
            )

            select portal.http_status, count(*)
            from (select distinct job_id from questions) as answered
            left join portal.bias_analysis as portal on answered.job_id = portal.job_id
            group by portal.http_status
        """).fetchall()
    assert [status for status, _ in rows] == [200]


@pytest.mark.parametrize("path", sql_files(ANALYST), ids=lambda path: path.stem)
def test_an_analyst_query_says_what_it_answers_and_finds_something(
    pipeline: Pipeline, path: Path
) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("-- Question: ")
    assert "\n-- Grain:    " in text
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        cursor = connection.execute(read_sql(path))
        assert cursor.fetchone() is not None
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("incident", sorted(JOB_INCIDENTS | ANALYSIS_INCIDENTS))
def test_the_daily_counts_of_an_incident_add_up_to_what_was_planted(
    pipeline: Pipeline, incident: str
) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        row = connection.execute(
            "select sum(affected) from analytics.data_quality_daily where incident_id = %s",
            (incident,),
        ).fetchone()
    assert row is not None
    assert row[0] == pipeline.manifest.incidents[incident].count


def test_a_stuck_job_is_a_planted_one_whose_executions_have_all_ended(pipeline: Pipeline) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        rows = connection.execute(
            """
            select 'stuck' = any(jobs.flags), bool_and(attempts.status <> 'in_flight')
            from analytics.job_status as jobs
            inner join analytics.execution_attempts as attempts on jobs.job_id = attempts.job_id
            where jobs.job_id = any(%s)
            group by jobs.job_id, jobs.flags
            """,
            (list(pipeline.manifest.incidents["I-7"].keys),),
        ).fetchall()
        stuck = connection.execute(
            "select count(*) from analytics.job_status where 'stuck' = any(flags)"
        ).fetchone()
    assert all(is_stuck == has_ended for is_stuck, has_ended in rows)
    assert stuck == (sum(is_stuck for is_stuck, _ in rows),)


def test_the_daily_counts_of_a_flag_are_those_of_the_attempts(pipeline: Pipeline) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        rows = connection.execute("""
            select daily.measure, daily.affected, flagged.attempts
            from (
                select measure, sum(affected) as affected
                from analytics.data_quality_daily
                where unit = 'attempt' and measure not in ('region_spelling', 'prompt_variant')
                group by measure
            ) as daily
            full outer join (
                select flag, count(*) as attempts
                from analytics.execution_attempts, unnest(flags) as flag
                group by flag
            ) as flagged on daily.measure = flagged.flag
            where daily.affected is distinct from coalesce(flagged.attempts, 0)
        """).fetchall()
    assert rows == []


def test_a_job_can_be_analysed_exactly_when_there_is_an_analysis(pipeline: Pipeline) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        differing = connection.execute("""
            select answers.job_id
            from portal.can_analyse as answers
            full outer join portal.bias_analysis as analyses on answers.job_id = analyses.job_id
            where (analyses.http_status = 200) is distinct from answers.can_analyse
            or answers.payload ->> 'explanation' is distinct from
                coalesce(analyses.payload ->> 'details', answers.payload ->> 'explanation')
        """).fetchall()
    assert differing == []


def test_a_region_is_as_reliable_as_its_attempts(pipeline: Pipeline) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        counted = connection.execute("""
            select requested_region, count(*) filter (where has_answer), count(*)
            from analytics.execution_attempts
            where
                (is_current or attempt_reason = 'extra_sample') and job_id is not null
                and requested_region <> 'UNKNOWN' and not is_provider_block
                and status in ('completed', 'failed', 'timeout') and not 'mock' = any(flags)
            group by requested_region
        """).fetchall()
        shown: dict[str, dict[str, Any]] = dict(
            connection.execute("select region, payload from portal.provider_reliability").fetchall()
        )
    assert {
        region: (one["success_rate"]["k"], one["success_rate"]["n"])
        for region, one in shown.items()
    } == {region: (k, n) for region, k, n in counted}
    for one in shown.values():
        rate = one["success_rate"]
        ends = proportion_confint(rate["k"], rate["n"], method="wilson")
        assert (rate["ci_low"], rate["ci_high"]) == pytest.approx(
            ends if rate["rate"] is not None else (None, None), abs=1e-4
        )
    latencies = [each["latency"] for one in shown.values() for each in one["providers"]]
    assert any(each["inference_ms"] for each in latencies)


def test_periods_of_jobs_add_up_to_the_jobs(pipeline: Pipeline) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        everything = connection.execute("""
            select
                count(*), count(*) filter (where analysis_state = 'analysed'),
                count(*) filter (where status = 'lost'), sum(expected), sum(answered)
            from analytics.job_status
        """).fetchall()
        by_kind = connection.execute("""
            select
                sum((payload ->> 'jobs')::bigint), sum((payload ->> 'analysed')::bigint),
                sum((payload ->> 'lost')::bigint), sum((payload ->> 'expected')::bigint),
                sum((payload ->> 'answered')::bigint)
            from portal.job_trends
            group by period_kind
        """).fetchall()
    assert by_kind == everything * 3


def test_every_question_of_an_answer_has_one_newest_text(pipeline: Pipeline) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        newest = connection.execute("""
            select question_id, question_text from analytics.questions where is_newest
        """).fetchall()
        asked = connection.execute("""
            select distinct question_id from analytics.executions_unified
            where question_id <> 'multi' and job_id is not null
        """).fetchall()
        catalogue: dict[str, str] = dict(
            connection.execute("select question_id, question_text from seeds.questions").fetchall()
        )
    texts: dict[str, str] = dict(newest)
    assert len(texts) == len(newest)
    assert {one for (one,) in asked} <= texts.keys()
    known = texts.keys() & catalogue.keys()
    assert len(known) > 8
    assert {one: texts[one] for one in known} == {one: catalogue[one] for one in known}
