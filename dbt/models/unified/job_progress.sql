-- Answered, failed, missing and pending slots add up to the expected ones, in each row and any sum.

with

jobs as (

    select * from {{ ref('int_jobs__requested') }}

),

asked as (

    select * from {{ ref('int_slots__asked') }}

),

observed as (

    select * from {{ ref('int_slots__observed') }}

),

combined as (

    select
        job_id,
        job_day,
        requested_region,
        model_id,
        expected,
        0 as slots,
        0 as completed,
        0 as answered,
        0 as failed,
        false as has_whole_list,
        false as is_whole_region
    from asked

    union all

    select
        job_id,
        job_day,
        requested_region,
        model_id,
        0 as expected,
        slots,
        completed,
        answered,
        failed,
        has_whole_list,
        is_whole_region
    from observed

),

summed as (

    select
        job_id,
        job_day,
        requested_region,
        model_id,
        sum(expected) as asked,
        sum(slots) as slots,
        sum(completed) as completed,
        sum(answered) as answered,
        sum(failed) as failed,
        bool_or(has_whole_list) as has_whole_list,
        bool_or(is_whole_region) as is_whole_region
    from combined
    group by job_id, job_day, requested_region, model_id

),

-- The failure of a whole region is told by the slots that were asked of it, else by one of its own.
placed as (

    select
        summed.*,
        requested_region = 'UNKNOWN' as is_without_region,
        bool_or(is_whole_region) over region
        and sum(answered) over region = 0 as has_failed_region,
        case
            when is_whole_region and sum(asked) over region = 0 then 1
            else 0
        end as own_slot
    from summed
    window region as (partition by job_id, job_day, requested_region)

),

counted as (

    select
        job_id,
        job_day,
        requested_region,
        model_id,
        has_failed_region,
        has_whole_list,
        -- What failed before any region was known takes no slot of a region (I-6).
        case
            when is_without_region then 0
            else greatest(asked, slots + own_slot)
        end as expected,
        case when is_without_region then 0 else completed end as completed,
        case when is_without_region then 0 else answered end as answered,
        case
            when is_without_region then 0
            else failed + own_slot + completed - answered
        end as failed,
        case
            when is_without_region then failed + own_slot
            else 0
        end as failures_without_region
    from placed
    where asked + slots + own_slot > 0

),

ended as (

    select
        counted.job_id,
        counted.job_day,
        counted.requested_region,
        counted.model_id,
        counted.expected,
        counted.failures_without_region,
        -- A numbered list of questions is one row that completes all of them (I-2).
        case
            when counted.has_whole_list then counted.expected
            else counted.completed
        end as completed,
        case
            when counted.has_whole_list then counted.expected
            else counted.answered
        end as answered,
        case
            when counted.has_whole_list then 0
            when counted.has_failed_region then counted.expected - counted.answered
            else counted.failed
        end as failed,
        {{ job_has_ended() }} as has_ended
    from counted
    left join jobs on counted.job_id = jobs.job_id

)

select
    job_id,
    job_day,
    requested_region,
    model_id,
    expected::integer as expected,
    completed::integer as completed,
    answered::integer as answered,
    failed::integer as failed,
    case when has_ended then expected - answered - failed else 0 end::integer as missing,
    case when has_ended then 0 else expected - answered - failed end::integer as pending,
    failures_without_region::integer as failures_without_region,
    round(100.0 * completed / nullif(expected, 0), 1)::double precision as percent
from ended
