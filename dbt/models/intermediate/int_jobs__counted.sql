-- What the attempts of a job amount to. Losers of de-duplication are not counted: they say nothing
-- about how many answers a job has.

with

-- Read twice, so that Postgres would keep every day's rows before it looks for the window's.
attempts as not materialized (

    select
        job_day,
        job_id,
        region,
        model_id,
        question_id,
        source,
        text_state,
        has_answer,
        exclusion_reason,
        flags,
        is_current,
        started_at,
        completed_at,
        created_at,
        has_answer and {{ usable_answer() }} as is_usable,
        -- A region result without text is what a lost answer leaves behind: it proves nothing.
        text_state is not null
        and not (text_state = 'empty' and source = 'cross_region_result') as is_evidence
    from {{ ref('int_executions__resolved') }}
    where job_id is not null

),

counts as (

    select
        job_day,
        job_id,
        count(*) filter (where is_current) as attempts,
        count(*) filter (where is_current and has_answer) as answers,
        count(*) filter (where is_usable) as usable_answers,
        count(*) filter (where is_current and text_state = 'technical_failure')
            as technical_failures,
        count(*) filter (where is_current and text_state = 'empty') as empty_answers,
        count(*) filter (where is_evidence) as evidence,
        count(*) filter (where 'wrong_region' = any(flags)) as wrong_region_attempts,
        count(distinct model_id) filter (where is_usable) as models,
        -- In the order of bytes: the report shows them, whatever the database's collation is.
        array_agg(distinct region collate "C" order by region collate "C") filter (
            where is_usable
        ) as regions,
        array_agg(
            distinct exclusion_reason collate "C" order by exclusion_reason collate "C"
        ) filter (
            where is_current and has_answer and not is_usable
        ) as exclusion_reasons,
        bool_or('after_cancel' = any(flags)) as has_answers_after_cancel,
        bool_or('resubmitted' = any(flags)) as is_resubmitted,
        min(coalesce(started_at, created_at)) as first_at,
        max(coalesce(completed_at, created_at)) as last_at
    from attempts
    group by job_day, job_id

)

select
    counts.job_day,
    counts.job_id,
    counts.attempts::integer as attempts,
    counts.answers::integer as answers,
    counts.usable_answers::integer as usable_answers,
    counts.technical_failures::integer as technical_failures,
    counts.empty_answers::integer as empty_answers,
    counts.evidence::integer as evidence,
    counts.wrong_region_attempts::integer as wrong_region_attempts,
    counts.models::integer as models,
    comparisons.questions::integer as questions,
    comparisons.common_questions::integer as common_questions,
    coalesce(comparisons.is_only_region_results, false) as is_only_region_results,
    coalesce(counts.regions, '{}') as regions,
    coalesce(counts.exclusion_reasons, '{}') as exclusion_reasons,
    counts.has_answers_after_cancel,
    counts.is_resubmitted,
    counts.first_at,
    counts.last_at
from counts
-- Job by job: joined, the comparisons of all days would be made first.
cross join lateral (
    select
        count(questions.question_id) as questions,
        count(questions.question_id) filter (where questions.regions >= 2) as common_questions,
        bool_and(questions.is_only_region_results) as is_only_region_results
    from (
        select
            attempts.question_id,
            count(distinct attempts.region) as regions,
            bool_and(attempts.source = 'cross_region_result') as is_only_region_results
        from attempts
        where
            attempts.job_id = counts.job_id
            and attempts.job_day = counts.job_day
            and attempts.is_usable
        group by attempts.question_id
    ) as questions
) as comparisons
