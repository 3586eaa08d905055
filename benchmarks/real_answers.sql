-- Difference between the two regions of each model that could be compared, and of all answers.
with pooled as (
    select
        sum(refused) filter (where region = 'ASIA') / sum(scored) filter (where region = 'ASIA')
        - sum(refused) filter (where region = 'US') / sum(scored) filter (where region = 'US')
            as gap
    from analytics.question_outcomes
    where
        period_kind = 'all'
        and region_basis = 'actual'
)

select
    effects.model_id,
    effects.risk_difference,
    effects.ci_low,
    effects.ci_high,
    effects.q_value,
    pooled.gap::double precision as pooled
from analytics.region_pair_effects as effects
cross join pooled
where
    effects.period_kind = 'all'
    and effects.region_a = 'ASIA'
    and effects.region_b = 'US'
    and effects.status = 'ok'
order by effects.risk_difference desc, effects.model_id asc
