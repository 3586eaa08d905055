-- Question: in which weeks did a refusal rate or a divergence move beyond noise?
-- Grain:    one row per week, metric, model and region that could be compared; the surest first.
select
    period_start as week,
    metric,
    model_id,
    region,
    has_moved,
    estimate,
    baseline,
    change,
    ci_low,
    ci_high,
    q_value,
    questions,
    days,
    status,
    reason
from analytics.metric_changes
where period_kind = 'iso_week'
order by q_value asc nulls last, period_start asc, metric asc, model_id asc, region asc
