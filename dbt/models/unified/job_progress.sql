with

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
        false as has_whole_list
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
        has_whole_list
    from observed

),

summed as (

    select
        job_id,
        job_day,
        requested_region,
        model_id,
        -- A failure before any region was known takes no slot of a region (I-6).
        case
            when requested_region = 'UNKNOWN' then 0
            else greatest(sum(expected), sum(slots))
        end as expected,
        sum(completed) as completed,
        sum(answered) as answered,
        sum(failed) as failed,
        bool_or(has_whole_list) as has_whole_list
    from combined
    group by job_id, job_day, requested_region, model_id

),

counted as (

    select
        job_id,
        job_day,
        requested_region,
        model_id,
        expected,
        -- A numbered list of questions is one row that completes all of them (I-2).
        case when has_whole_list then expected else completed end as completed,
        case when has_whole_list then expected else answered end as answered,
        case when has_whole_list then 0 else failed end as failed
    from summed

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
    greatest(expected - completed - failed, 0)::integer as pending,
    round(100.0 * completed / nullif(expected, 0), 1)::double precision as percent
from counted
