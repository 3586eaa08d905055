"""What portal and analysts read, on the finished pipeline."""

from pathlib import Path

import psycopg
import pytest

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
