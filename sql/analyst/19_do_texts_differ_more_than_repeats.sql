-- Question: do two regions answer in other words, more than one region does when asked again?
-- Grain:    one row per model, measure, two regions and month with repeats.
select
    period_start as month,
    model_id,
    measure,
    region_a,
    region_b,
    questions_repeated,
    days,
    between_regions,
    within_regions,
    excess_divergence,
    ci_low,
    ci_high,
    q_value,
    status,
    reason
from analytics.text_divergence
where
    period_kind = 'month'
    and questions_repeated > 0
order by period_start, model_id, measure, region_a, region_b
