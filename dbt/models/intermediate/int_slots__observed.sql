-- What became of the slots: by attempts where the job has executions, else by its region results.
-- Each CTE is read once, so that Postgres finds one job by its index.

with

-- All attempts count, not only current ones: an answer that another region gave is an extra sample
-- there, and still completes the slot that asked for it.
slots as (

    select
        job_id,
        job_day,
        requested_region,
        coalesce(requested_model_id, 'unknown') as model_id,
        question_id,
        bool_or(status = 'completed') as is_completed,
        bool_or(has_answer) as is_answered,
        bool_or(status not in ('completed', 'in_flight')) as has_failed
    from {{ ref('int_executions__resolved') }}
    where job_id is not null and source <> 'cross_region_result'
    group by job_id, job_day, requested_region, coalesce(requested_model_id, 'unknown'), question_id

),

by_executions as (

    select
        job_id,
        job_day,
        requested_region,
        model_id,
        count(*) as slots,
        count(*) filter (where is_completed) as completed,
        count(*) filter (where is_answered) as answered,
        count(*) filter (where has_failed and not is_completed) as failed,
        bool_or(is_completed and question_id is not distinct from 'multi') as has_whole_list
    from slots
    group by job_id, job_day, requested_region, model_id

),

by_results as (

    select
        attempts.job_id,
        attempts.job_day,
        attempts.requested_region,
        'unknown' as model_id,
        max(coalesce(region_results.total_executions, 1)) as slots,
        max(
            coalesce(region_results.success_count, (attempts.status = 'completed')::integer)
        ) as completed,
        max(
            case
                when attempts.has_answer then coalesce(region_results.success_count, 1)
                else 0
            end
        ) as answered,
        max(
            coalesce(
                region_results.failure_count,
                (attempts.status not in ('completed', 'in_flight'))::integer
            )
        ) as failed,
        false as has_whole_list
    from {{ ref('int_executions__resolved') }} as attempts
    inner join {{ ref('stg_runner__region_results') }} as region_results
        on attempts.region_result_id = region_results.region_result_id
    where attempts.job_id is not null and attempts.is_current
    group by attempts.job_id, attempts.job_day, attempts.requested_region

)

select
    job_id,
    job_day,
    requested_region,
    model_id,
    slots,
    completed,
    answered,
    failed,
    has_whole_list
from by_executions

union all

select
    job_id,
    job_day,
    requested_region,
    model_id,
    slots,
    completed,
    answered,
    failed,
    has_whole_list
from by_results
