-- Question: which providers are slow?
-- Grain:    one row per provider and model with at least 5 answers; durations in seconds.
select
    provider_id,
    model_id,
    count(*) as answers,
    round((percentile_cont(0.5) within group (order by duration_ms) / 1000)::numeric, 1)
        as median_s,
    round((percentile_cont(0.95) within group (order by duration_ms) / 1000)::numeric, 1) as p95_s
from analytics.executions_unified
where
    status = 'completed'
    and duration_ms is not null
group by provider_id, model_id
having count(*) >= 5
order by p95_s desc, provider_id asc, model_id asc
