-- Grain: one row per model of one period.
select
    model_id,
    complete_questions,
    n_tests,
    n_significant,
    largest_difference,
    largest_ci_low,
    largest_ci_high,
    largest_q_value,
    largest_region_a,
    largest_region_b,
    minimum_detectable_effect,
    verdict,
    verdict_reason,
    verdict_without_regenerated,
    verdict_by_requested_region
from analytics.model_verdicts
where
    period_kind = %(period_kind)s
    and period_start = %(period_start)s
