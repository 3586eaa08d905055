"""The statistics of the finished pipeline, recounted from what they are made of."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.pipeline import Pipeline

Warehouse = psycopg.Connection[TupleRow]

EXCLUDED = ("orphan", "mock", "cancelled", "identity_bug", "test_job", "multi_question", "retried")


@pytest.fixture(scope="module")
def warehouse(pipeline: Pipeline) -> Iterator[Warehouse]:
    with psycopg.connect(pipeline.databases.warehouse, autocommit=True) as connection:
        yield connection


def test_counts_of_everything_are_those_of_the_unified_executions(warehouse: Warehouse) -> None:
    expected = warehouse.execute("""
        select
            model_id,
            region,
            question_id,
            count(*) filter (where answer_state in ('substantive', 'refusal', 'partial_refusal')),
            count(*) filter (where answer_state = 'refusal')
        from analytics.executions_unified
        where exclusion_reason is null and question_id is not null and model_id is not null
        group by model_id, region, question_id
        order by model_id, region, question_id
    """).fetchall()
    counted = warehouse.execute("""
        select model_id, region, question_id, final_scored, final_refused
        from analytics.question_outcomes
        where period_kind = 'all' and region_basis = 'actual' and answered > 0
        order by model_id, region, question_id
    """).fetchall()
    assert counted == expected


def test_excluded_executions_are_in_no_outcome_and_blocks_are_one_of_their_own(
    warehouse: Warehouse,
) -> None:
    rows = warehouse.execute("""
        select executions.exclusion_reason, outcomes.outcome, count(*)
        from analytics.answer_outcomes as outcomes
        inner join analytics.executions_unified as executions
            on outcomes.execution_key = executions.execution_key
        group by executions.exclusion_reason, outcomes.outcome
    """).fetchall()
    outcomes: dict[str | None, set[str]] = {}
    for reason, outcome, _ in rows:
        outcomes.setdefault(reason, set()).add(outcome)
    assert outcomes.keys().isdisjoint(EXCLUDED)
    assert outcomes["provider_block"] == {"provider_block"}
    assert outcomes["technical_failure"] == {"technical_failure"}
    assert outcomes["empty_answer"] == {"empty"}
    assert outcomes[None] <= {"substantive", "refusal", "partial_refusal", "not_scored"}


def test_every_job_has_one_verdict_and_is_as_complete_as_its_status_says(
    warehouse: Warehouse,
) -> None:
    differing = warehouse.execute("""
        select job_id
        from analytics.job_status
        full outer join analytics.job_verdicts using (job_id)
        where
            job_status.completeness is distinct from job_verdicts.completeness
            or job_status.job_day is distinct from job_verdicts.job_day
    """).fetchall()
    assert differing == []


def test_every_period_is_there_that_a_job_lies_in(warehouse: Warehouse) -> None:
    missing = warehouse.execute("""
        select distinct daily.job_day
        from intermediate.int_question_outcomes__daily as daily
        cross join lateral (
            values
            ('day', daily.job_day),
            ('iso_week', date_trunc('week', daily.job_day)::date),
            ('month', date_trunc('month', daily.job_day)::date),
            ('all', date '2025-01-01')
        ) as expected (kind, start)
        left join analytics.region_rates as rates
            on
                expected.kind = rates.period_kind
                and expected.start = rates.period_start
        where rates.model_id is null and daily.region_basis = 'actual'
    """).fetchall()
    assert missing == []


def test_an_answer_is_compared_with_one_other_job_of_its_day_at_most(warehouse: Warehouse) -> None:
    rows = warehouse.execute("""
        select divergences.left_key, divergences.right_key
        from analytics.answer_divergences as divergences
        inner join analytics.answer_outcomes as one on divergences.left_key = one.execution_key
        inner join analytics.answer_outcomes as other on divergences.right_key = other.execution_key
        where
            divergences.pairing = 'two_jobs'
            and one.job_id <> other.job_id
            and one.job_day = other.job_day
            and one.question_id = other.question_id
            and one.region = other.region
            and one.model_id = other.model_id
    """).fetchall()
    (stored,) = warehouse.execute("select count(*) from scores.repeat_pairs").fetchall()
    assert stored == (len(rows),)
    keys = [key for pair in rows for key in pair]
    assert len(keys) == len(set(keys)) > 0


def test_regions_that_are_equal_by_plan_are_not_called_different(warehouse: Warehouse) -> None:
    verdicts = warehouse.execute("""
        select distinct verdict
        from analytics.region_pair_effects
        where model_id = 'llama3.2-1b' and period_kind = 'all'
    """).fetchall()
    assert ("difference_detected",) not in verdicts


JUDGED = {
    "region_pair_effects": "workflow, model_id, region_a, region_b",
    "category_pair_effects": "workflow, model_id, region_a, region_b",
    "model_verdicts": "workflow, model_id",
    "job_verdicts": "job_id",
}


@pytest.mark.parametrize("table", JUDGED)
def test_nothing_is_said_where_nothing_was_tested(warehouse: Warehouse, table: str) -> None:
    is_tested = "n_tests > 0" if table in ("model_verdicts", "job_verdicts") else "p_value >= 0"
    said = warehouse.execute(
        f"""
        select {JUDGED[table]}
        from analytics.{table}
        where (verdict <> 'insufficient_data') <> coalesce({is_tested}, false)
        """.encode()
    ).fetchall()
    (rows,) = warehouse.execute(f"select count(*) from analytics.{table}".encode()).fetchall()
    assert (said, rows > (0,)) == ([], True)


def test_a_verdict_rests_on_answers_of_one_workflow(warehouse: Warehouse) -> None:
    stated = warehouse.execute("""
        select workflow, model_id, region_a, region_b, contrasts
        from analytics.region_pair_effects
        where period_kind = 'all' and scope = 'these_questions' and pairing = 'job'
        order by workflow, model_id, region_a, region_b
    """).fetchall()
    counted = warehouse.execute("""
        with answered as (
            select distinct
                workflow, job_id, has_old_parameters, prompt_variant, model_id, region, question_id
            from intermediate.int_attempts__outcomes
            where is_current and rules.is_scored(first_state)
        )
        select one.workflow, one.model_id, one.region, other.region, count(*)
        from answered as one
        inner join answered as other
            on
                one.workflow = other.workflow
                and one.job_id = other.job_id
                and one.has_old_parameters = other.has_old_parameters
                and one.prompt_variant = other.prompt_variant
                and one.model_id = other.model_id
                and one.question_id = other.question_id
                and one.region < other.region
        group by one.workflow, one.model_id, one.region, other.region
        order by one.workflow, one.model_id, one.region, other.region
    """).fetchall()
    assert {row[0] for row in stated} == {"standard", "cross_region"}
    assert set(stated) <= set(counted)
