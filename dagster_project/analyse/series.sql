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
    %(kind)s as period_kind,
    model_id,
    region,
    date_trunc(%(unit)s, job_day)::date as period_start
from (
    select
        daily.model_id,
        daily.job_day,
        side.region
    from intermediate.int_question_divergences__daily as daily
    cross join lateral (values (daily.region_a), (daily.region_b)) as side (region)
    where daily.region_a <> daily.region_b
) as divergences
