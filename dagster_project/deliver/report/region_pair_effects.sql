-- Grain: one row per model and two regions of one period, of the workflow that contrasts more.
select distinct on (model_id, region_a, region_b)
    model_id,
    region_a,
    region_b,
    questions as n_pairs,
    risk_difference,
    ci_low,
    ci_high,
    q_value,
    minimum_detectable_effect,
    verdict,
    case verdict when 'insufficient_data' then 'insufficient' else 'ok' end as status,
    verdict_reason as reason
from analytics.region_pair_effects
where
    period_kind = %(period_kind)s
    and period_start = %(period_start)s
    and scope = 'these_questions'
order by model_id asc, region_a asc, region_b asc, contrasts desc, workflow desc
