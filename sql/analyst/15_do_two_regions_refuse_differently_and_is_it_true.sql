-- Question: does one region refuse a model's questions more often than another, and is it true?
-- Grain:    one row per model and two regions, over everything.
-- Change:   period_kind to month, iso_week or day to see when.
select
    effects.model_id,
    effects.region_a,
    effects.region_b,
    effects.rate_a,
    effects.rate_b,
    effects.risk_difference,
    effects.ci_low,
    effects.ci_high,
    effects.q_value,
    effects.n_pairs as questions,
    effects.minimum_detectable_effect,
    case
        when effects.status <> 'ok' then concat('cannot tell: ', effects.reason)
        when effects.q_value < 0.05 and effects.ci_low > 0
            then concat(effects.region_a, ' refuses more')
        when effects.q_value < 0.05 and effects.ci_high < 0
            then concat(effects.region_b, ' refuses more')
        when effects.is_equivalent then 'no difference of 10 points or more'
        else 'none detected'
    end as answer,
    effects.risk_difference_without_regenerated,
    effects.risk_difference_by_requested_region,
    -- A difference that the failures could explain is not one of the regions.
    effects.bound_low,
    effects.bound_high
from analytics.region_pair_effects as effects
where effects.period_kind = 'all'
order by effects.q_value asc nulls last, effects.model_id asc, effects.region_a asc
