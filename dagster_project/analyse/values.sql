-- Watched series over some days: per day and question a sum, and of how many it is.
with refusals as (
    select
        'refusal_rate' as metric,
        model_id,
        region,
        job_day,
        question_id,
        refused::double precision as total,
        scored as n
    from intermediate.int_question_outcomes__daily
    where
        region_basis = 'actual'
        and scored > 0
        and job_day between %(first_day)s and %(last_day)s
),

divergences as (
    select
        'divergence' as metric,
        daily.model_id,
        side.region,
        daily.job_day,
        daily.question_id,
        sum(daily.word_divergence_total)::double precision as total,
        sum(daily.pairs)::bigint as n
    from intermediate.int_question_divergences__daily as daily
    cross join lateral (values (daily.region_a), (daily.region_b)) as side (region)
    where
        daily.region_a <> daily.region_b
        and daily.job_day between %(first_day)s and %(last_day)s
    group by daily.model_id, side.region, daily.job_day, daily.question_id
),

watched as (
    select * from refusals
    union all
    select * from divergences
)

select
    metric,
    %(kind)s as period_kind,
    model_id,
    region,
    date_trunc(%(unit)s, job_day)::date as period_start,
    job_day,
    question_id,
    total,
    n
from watched
