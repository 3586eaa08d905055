{{ config(
    unique_key='job_id',
    indexes=[
        {'columns': ['job_id'], 'unique': true},
        {'columns': ['job_day']},
    ],
) }}

-- The one place that decides whether a job has an analysis. No clock: the same rows give the same
-- states whenever this runs.

with

jobs as (

    select * from {{ ref('int_jobs__requested') }}
    where {{ window_predicate('job_day') }}

),

counted as (

    select * from {{ ref('int_jobs__counted') }}
    where {{ window_predicate('job_day') }}

),

runs as (

    select * from {{ ref('stg_runner__cross_region_executions') }}
    where {{ window_predicate('job_day') }}

),

-- Answers that cannot be stored; what the runner never wrote is another matter.
quarantine as (

    select * from {{ source('ops', 'quarantine') }}
    where {{ window_predicate('job_day') }}

),

quarantined as (

    select
        coalesce(jobs.job_id, runs.job_id) as job_id,
        count(*)::integer as quarantined_rows
    from quarantine
    left join jobs
        on
            quarantine.source_table = 'executions'
            and quarantine.parent_id = jobs.job_number::text
    left join runs
        on
            quarantine.source_table = 'region_results'
            and quarantine.parent_id = runs.cross_region_execution_id::text
    group by coalesce(jobs.job_id, runs.job_id)

),

progress as (

    select
        job_id,
        sum(expected)::integer as expected,
        sum(answered)::integer as answered,
        sum(failed)::integer as failed,
        sum(missing)::integer as missing,
        sum(pending)::integer as pending,
        sum(failures_without_region)::integer as failures_without_region
    from {{ ref('job_progress') }}
    where {{ window_predicate('job_day') }}
    group by job_id

),

gathered as (

    select
        jobs.job_id,
        jobs.job_number,
        jobs.job_day,
        jobs.workflow,
        jobs.cross_region_execution_id,
        jobs.source_status,
        jobs.status as declared_status,
        jobs.cross_region_source_status,
        jobs.is_test_job,
        jobs.flags as spec_flags,
        coalesce(progress.expected, 0) as expected,
        coalesce(progress.answered, 0) as answered,
        coalesce(progress.failed, 0) as failed,
        coalesce(progress.missing, 0) as missing,
        coalesce(progress.pending, 0) as pending,
        coalesce(progress.failures_without_region, 0) as failures_without_region,
        coalesce(quarantined.quarantined_rows, 0) as quarantined_rows,
        coalesce(counted.attempts, 0) as attempts,
        coalesce(counted.answers, 0) as answers,
        coalesce(counted.usable_answers, 0) as usable_answers,
        coalesce(counted.technical_failures, 0) as technical_failures,
        coalesce(counted.empty_answers, 0) as empty_answers,
        coalesce(counted.wrong_region_attempts, 0) as wrong_region_attempts,
        coalesce(counted.models, 0) as models,
        coalesce(counted.questions, 0) as questions,
        coalesce(counted.common_questions, 0) as common_questions,
        coalesce(counted.is_only_region_results, false) as is_only_region_results,
        coalesce(counted.regions, '{}') as regions,
        coalesce(counted.exclusion_reasons, '{}') as exclusion_reasons,
        coalesce(counted.has_answers_after_cancel, false) as has_answers_after_cancel,
        coalesce(counted.is_resubmitted, false) as is_resubmitted,
        counted.first_at,
        counted.last_at,
        coalesce(counted.evidence, 0) > 0 as has_evidence,
        {{ is_of_lost_period() }} as is_of_lost_period,
        {{ job_has_ended() }} as has_declared_end,
        jobs.cross_region_source_status = 'failed' and coalesce(runs.success_count, 0) = 0
            as has_executor_error,
        coalesce(progress.expected, 0) > 0
        and progress.expected = progress.answered + progress.failed as is_complete
    from jobs
    left join counted on jobs.job_id = counted.job_id
    left join quarantined on jobs.job_id = quarantined.job_id
    left join progress on jobs.job_id = progress.job_id
    left join runs on jobs.cross_region_execution_id = runs.cross_region_execution_id

),

ended as (

    select
        gathered.*,
        is_complete or has_declared_end as has_ended,
        not has_evidence and quarantined_rows > 0 and (is_complete or has_declared_end)
            as is_quarantined,
        not has_evidence and quarantined_rows = 0 and case
            when workflow = 'standard' then declared_status = 'completed'
            when is_of_lost_period then true
            else cross_region_source_status <> 'running' and not has_executor_error
        end as is_lost
    from gathered

),

derived as (

    select
        ended.*,
        case
            when is_lost then 'lost'
            when declared_status = 'cancelled' and not (is_complete and answered > 0)
                then 'cancelled'
            when not has_ended then 'in_flight'
            when is_quarantined then 'quarantined'
            when answered = 0 then 'failed'
            when answered < expected then 'partial'
            else 'completed'
        end as status,
        cardinality(regions) >= 2 and (common_questions > 0 or is_only_region_results)
            as can_compare
    from ended

),

decided as (

    select
        derived.*,
        case
            when is_test_job then 'test_job'
            when can_compare then 'analysed'
            when status = 'lost' then 'lost'
            when status = 'quarantined' then 'quarantined'
            when status = 'in_flight' and usable_answers > 0 then 'partial'
            when status = 'cancelled' then 'cancelled'
            when cardinality(regions) = 1 then 'single_region'
            when cardinality(regions) > 1 then 'too_few_answers'
            when status = 'in_flight' then 'pending'
            when answers > 0 then 'excluded'
            else 'all_failed'
        end as analysis_state,
        spec_flags || array_remove(
            array[
                case
                    when declared_status = 'in_flight' and cross_region_source_status = 'partial'
                        then 'partial_for_ever'
                    when declared_status = 'in_flight' and is_complete then 'stuck'
                end,
                case when has_answers_after_cancel then 'cancel_did_not_cancel' end,
                case when is_resubmitted then 'resubmitted' end
            ],
            null
        ) as unsorted_flags
    from derived

)

select
    job_id,
    job_number,
    job_day,
    workflow,
    cross_region_execution_id,
    source_status,
    status,
    expected,
    answered,
    failed,
    missing,
    pending,
    failures_without_region,
    quarantined_rows,
    case when expected > 0 then round(answered::numeric / expected, 12)::double precision end
        as completeness,
    attempts,
    answers,
    usable_answers,
    technical_failures,
    empty_answers,
    regions,
    models,
    questions,
    common_questions,
    exclusion_reasons,
    first_at,
    last_at,
    analysis_state,
    {{ analysis_explanation() }} as explanation,
    array(
        select listed.flag
        from unnest(unsorted_flags) as listed (flag)
        order by listed.flag
    ) as flags
from decided
