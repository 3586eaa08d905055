-- Question: for which models is there a verdict, and what is missing for the others?
-- Grain:    one row per model and month, and one per model over everything.
select
    period_kind,
    period_start,
    model_id,
    verdict,
    verdict_reason,
    regions,
    complete_questions,
    n_tests,
    n_significant,
    largest_region_a,
    largest_region_b,
    largest_difference,
    largest_ci_low,
    largest_ci_high,
    minimum_detectable_effect,
    verdict_without_regenerated,
    verdict_by_requested_region
from analytics.model_verdicts
where period_kind in ('month', 'all')
order by model_id, period_kind, period_start
