-- Question: does one region refuse a model's questions more often than another, and is it true?
-- Grain:    one row per workflow, model, two regions and scope of the claim, over everything.
-- Change:   period_kind to month to see when.
select
    workflow,
    model_id,
    region_a,
    region_b,
    scope,
    verdict,
    verdict_reason,
    rate_a,
    rate_b,
    risk_difference,
    ci_low,
    ci_high,
    q_value,
    questions,
    days,
    minimum_detectable_effect,
    -- What users saw, after an endpoint asked again.
    final_difference,
    -- A difference that the failures could explain is not one of the regions.
    bound_low,
    bound_high
from analytics.region_pair_effects
where period_kind = 'all'
order by q_value asc nulls last, workflow asc, model_id asc, region_a asc, region_b asc, scope asc
