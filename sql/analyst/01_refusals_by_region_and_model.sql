-- Question: how often does each model refuse in each region, over the last 30 days of data?
-- Grain:    one row per model and region that answered.
-- Change:   the number of days in `period`.
-- Note:     k of n, full refusals only; of fewer than 5 scored answers no rate is shown.
with

period as (

    select
        max(job_day) - 29 as first_day,
        max(job_day) as last_day
    from analytics.executions_unified

),

answers as (

    select
        executions.model_id,
        executions.region,
        executions.answer_state
    from analytics.executions_unified as executions
    inner join period on executions.job_day between period.first_day and period.last_day
    where
        executions.exclusion_reason is null
        and executions.answer_state in ('substantive', 'refusal', 'partial_refusal')

)

select
    model_id,
    region,
    count(*) filter (where answer_state = 'refusal') as refusals,
    count(*) filter (where answer_state = 'partial_refusal') as partial_refusals,
    count(*) as scored_answers,
    case
        when count(*) >= 5
            then round(avg((answer_state = 'refusal')::integer), 3)
    end as refusal_rate
from answers
group by model_id, region
order by model_id, region
