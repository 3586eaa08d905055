-- Grain: one row per model, region and period of one kind.
select
    model_id,
    region,
    period_start,
    k,
    n,
    estimate,
    ci_low,
    ci_high,
    status
from analytics.region_rates
where
    period_kind = %(trend_kind)s
    and period_start between %(first_day)s and %(last_day)s
    and metric = 'refusal_rate'
order by model_id, region, period_start
