-- Grain: one row per model and region of one period.
select
    model_id,
    region,
    k,
    n,
    questions,
    estimate,
    ci_low,
    ci_high,
    status,
    reason
from analytics.region_rates
where
    period_kind = %(period_kind)s
    and period_start = %(period_start)s
    and metric = 'refusal_rate'
