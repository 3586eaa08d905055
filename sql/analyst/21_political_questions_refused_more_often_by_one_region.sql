-- Question: does one region refuse a model's political questions more often, and is it true?
-- Grain:    one row per workflow, model, two regions and scope of the claim, over everything.
-- Change:   question_category to control_questions: a difference there is not about politics.
select
    workflow,
    model_id,
    region_a,
    region_b,
    scope,
    verdict,
    verdict_reason,
    questions,
    rate_a,
    rate_b,
    risk_difference,
    ci_low,
    ci_high,
    q_value,
    minimum_detectable_effect
from analytics.category_pair_effects
where
    period_kind = 'all'
    and question_category = 'bias_detection'
order by q_value asc nulls last, workflow asc, model_id asc, region_a asc, region_b asc, scope asc
