-- Question: does a region fail, or is it blocked, more often than others?
-- Grain:    one row per model and region, over everything; rates with 95 % intervals.
select
    model_id,
    region,
    max(n) filter (where metric = 'failure_rate') as attempts,
    max(estimate) filter (where metric = 'failure_rate') as failure_rate,
    max(ci_low) filter (where metric = 'failure_rate') as failure_rate_low,
    max(ci_high) filter (where metric = 'failure_rate') as failure_rate_high,
    max(estimate) filter (where metric = 'provider_block_rate') as provider_block_rate,
    max(estimate) filter (where metric = 'coverage') as coverage,
    max(estimate) filter (where metric = 'refusal_rate') as refusal_rate,
    max(reason) filter (where metric = 'refusal_rate') as why_no_refusal_rate
from analytics.region_rates
where period_kind = 'all'
group by model_id, region
order by model_id, region
