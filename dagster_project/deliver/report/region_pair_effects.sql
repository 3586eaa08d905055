-- Grain: one row per model and two regions of one period.
select
    model_id,
    region_a,
    region_b,
    design,
    n_pairs,
    risk_difference,
    ci_low,
    ci_high,
    p_value,
    q_value,
    minimum_detectable_effect,
    is_equivalent,
    status,
    reason
from analytics.region_pair_effects
where
    period_kind = %(period_kind)s
    and period_start = %(period_start)s
