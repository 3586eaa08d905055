-- Question: for which models is there a verdict, and what is missing for the others?
-- Grain:    one row per workflow, model, scope of the claim and month, and over everything.
select
    period_kind,
    period_start,
    workflow,
    model_id,
    scope,
    verdict,
    verdict_reason,
    regions,
    n_tests,
    n_significant,
    largest_region_a,
    largest_region_b,
    largest_difference,
    largest_ci_low,
    largest_ci_high,
    minimum_detectable_effect,
    minimum_detectable_effect_concentrated
from analytics.model_verdicts
order by workflow, model_id, scope, period_kind, period_start
