{{ config(
    materialized='incremental',
    schema='intermediate',
    unique_key='provider_key',
    indexes=[
        {'columns': ['provider_key'], 'unique': true},
        {'columns': ['job_day']},
    ],
) }}

with

-- A further answer of a slot is an attempt of its own; duplicates and copies are none.
attempts as (

    select * from {{ ref('int_executions__resolved') }}
    where
        {{ window_predicate('job_day') }}
        and (is_current or attempt_reason = 'extra_sample')
        and job_id is not null
        and requested_region <> 'UNKNOWN'
        and text_state is not null
        and not 'mock' = any(flags)

)

select
    concat_ws(
        '/', job_day, requested_region, rules.bounded_key(rules.provider_key(provider_id))
    ) as provider_key,
    job_day,
    requested_region,
    rules.bounded_key(rules.provider_key(provider_id)) as provider_id,
    count(*) filter (where not is_provider_block) as attempts,
    count(*) filter (where not is_provider_block and text_state = 'answered') as answered,
    count(*) filter (where not is_provider_block and text_state = 'empty') as empty_answers,
    count(*) filter (where not is_provider_block and 'timeout' = any(flags)) as timeouts,
    count(*) filter (where is_provider_block) as blocked,
    count(*) filter (where has_both_times) as timed_answers,
    sum(queue_ms) filter (where has_both_times) as queue_ms_total,
    sum(duration_ms) filter (where has_both_times) as inference_ms_total
from (
    select
        attempts.*,
        text_state = 'answered' and queue_ms is not null and duration_ms is not null
            as has_both_times
    from attempts
) as timed
group by job_day, requested_region, rules.bounded_key(rules.provider_key(provider_id))
