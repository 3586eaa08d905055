-- Grain: one row per model and two regions of one period.
select
    model_id,
    region_a,
    region_b,
    questions,
    questions_repeated,
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
    period_kind = %(period_kind)s
    and period_start = %(period_start)s
