-- What became of the slots, by attempts. Each CTE is read once, so that Postgres finds one job by
-- its index.

with

attempts as (

    select
        *,
        coalesce(requested_model_id, 'unknown') as slot_model_id,
        status not in ('completed', 'in_flight') as has_failed,
        source = 'cross_region_result' and requested_model_id is null as is_of_no_slot
    from {{ ref('int_executions__resolved') }}
    where
        job_id is not null
        and coalesce(attempt_reason, '') not in ('covered_by_executions', 'superseded_execution')

),

-- All attempts count, not only current ones: an answer that another region gave is an extra sample
-- there, and still completes the slot that asked for it. A region result that failed is of no slot:
-- it stands for all slots of its region.
slots as (

    select
        job_id,
        job_day,
        requested_region,
        slot_model_id as model_id,
        question_id,
        is_of_no_slot and has_failed as is_whole_region,
        bool_or(status = 'completed') as is_completed,
        bool_or(has_answer) as is_answered,
        bool_or(has_failed) as has_failed
    from attempts
    group by job_id, job_day, requested_region, slot_model_id, question_id, is_whole_region

)

select
    job_id,
    job_day,
    requested_region,
    model_id,
    count(*) filter (where not is_whole_region) as slots,
    count(*) filter (where is_completed) as completed,
    count(*) filter (where is_answered) as answered,
    count(*) filter (where has_failed and not is_completed and not is_whole_region) as failed,
    bool_or(is_completed and question_id is not distinct from 'multi') as has_whole_list,
    bool_or(is_whole_region) as is_whole_region
from slots
group by job_id, job_day, requested_region, model_id
