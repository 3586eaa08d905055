-- Watched series from one period of a kind to another: per question a sum, and of how many it is.
with refusals as (
    select
        'refusal_rate' as metric,
        period_kind,
        model_id,
        region,
        period_start,
        question_id,
        refused::double precision as total,
        scored as n
    from analytics.question_outcomes
    where
        region_basis = 'actual'
        and scored > 0
        and period_kind = %(kind)s
        and period_start between %(first_day)s and %(last_day)s
),

distances as (
    select
        'divergence' as metric,
        distances.period_kind,
        distances.model_id,
        side.region,
        distances.period_start,
        distances.question_id,
        sum(distances.distance_total)::double precision as total,
        sum(distances.pairs)::bigint as n
    from analytics.question_distances as distances
    cross join lateral (values (distances.region_a), (distances.region_b)) as side (region)
    where
        distances.region_a <> distances.region_b
        and distances.period_kind = %(kind)s
        and distances.period_start between %(first_day)s and %(last_day)s
    group by
        distances.period_kind,
        distances.model_id,
        side.region,
        distances.period_start,
        distances.question_id
)

select * from refusals
union all
select * from distances
