-- Which periods of a kind each watched series has data in.
select distinct
    'refusal_rate' as metric,
    period_kind,
    model_id,
    region,
    period_start
from analytics.question_outcomes
where
    region_basis = 'actual'
    and scored > 0
    and period_kind = %(kind)s

union all

select distinct
    'divergence' as metric,
    distances.period_kind,
    distances.model_id,
    side.region,
    distances.period_start
from analytics.question_distances as distances
cross join lateral (values (distances.region_a), (distances.region_b)) as side (region)
where
    distances.region_a <> distances.region_b
    and distances.period_kind = %(kind)s
