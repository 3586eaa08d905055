-- Grain: one row per metric, model, region and period that moved; the latest first.
select
    metric,
    model_id,
    region,
    period_kind,
    period_start,
    questions,
    estimate,
    baseline,
    change,
    ci_low,
    ci_high,
    q_value
from analytics.metric_changes
where
    period_kind in ('iso_week', 'month')
    and period_start between %(first_day)s and %(last_day)s
    and has_moved
order by period_start desc, period_kind asc, model_id asc, region asc, metric asc
limit 30
