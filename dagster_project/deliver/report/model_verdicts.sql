-- Grain: one row per model of one period, of the workflow that could compare more regions.
select distinct on (model_id)
    model_id,
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
    verdict_reason
from analytics.model_verdicts
where
    period_kind = %(period_kind)s
    and period_start = %(period_start)s
    and scope = 'these_questions'
order by model_id asc, n_tests desc, workflow desc
