-- Question: whose requests did another region serve than the one that was asked (I-8)?
-- Grain:    one row per month, requested and actual region, and provider; share of all completed
--           attempts of that month and requested region.
with

attempts as (

    select
        date_trunc('month', job_day)::date as month,
        requested_region,
        region,
        provider_id
    from analytics.execution_attempts
    where
        status = 'completed'
        and requested_region <> 'UNKNOWN'

),

requested as (

    select
        month,
        requested_region,
        count(*) as attempts
    from attempts
    group by month, requested_region

)

select
    attempts.month,
    attempts.requested_region,
    attempts.region as actual_region,
    attempts.provider_id,
    count(*) as attempts,
    round(count(*)::numeric / requested.attempts, 4) as share
from attempts
inner join requested
    on
        attempts.month = requested.month
        and attempts.requested_region = requested.requested_region
where attempts.region <> attempts.requested_region
group by
    attempts.month,
    attempts.requested_region,
    attempts.region,
    attempts.provider_id,
    requested.attempts
order by attempts.month, attempts.requested_region, actual_region, attempts.provider_id
