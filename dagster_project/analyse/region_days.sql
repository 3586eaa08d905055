-- Per rate of a period of several days, what its variance over days is made of.
with counts as (
    select
        period.kind as period_kind,
        period.start as period_start,
        daily.model_id,
        daily.region,
        daily.job_day,
        rate.metric,
        rate.hits,
        rate.answers
    from
        unnest(
            %(kinds)s::text[], %(starts)s::date[], %(ends)s::date[]
        ) as period (kind, start, finish)
    inner join intermediate.int_question_outcomes__daily as daily
        on
            period.start <= daily.job_day
            and period.finish > daily.job_day
    cross join
        lateral (
            values
            ('coverage', daily.answered, daily.expected),
            ('failure_rate', daily.failed, daily.answered + daily.failed + daily.blocked),
            ('provider_block_rate', daily.blocked, daily.answered + daily.failed + daily.blocked),
            ('refusal_rate', daily.refused, daily.scored)
        ) as rate (metric, hits, answers)
    where
        period.kind <> 'day'
        and daily.region_basis = 'actual'
        and rate.answers > 0
),

days as (
    select
        period_kind,
        period_start,
        model_id,
        region,
        metric,
        sum(hits) as hits,
        sum(answers) as answers,
        sum(hits * hits) as hits2,
        sum(hits * answers) as hits_answers,
        sum(answers * answers) as answers2
    from counts
    group by period_kind, period_start, model_id, region, metric, job_day
)

select
    period_kind,
    period_start,
    model_id,
    region,
    metric,
    count(*) as day_count,
    sum(answers)::double precision as answers,
    sum(hits * hits)::double precision as day_hits2,
    sum(hits * answers)::double precision as day_hits_answers,
    sum(answers * answers)::double precision as day_answers2,
    sum(hits2)::double precision as question_day_hits2,
    sum(hits_answers)::double precision as question_day_hits_answers,
    sum(answers2)::double precision as question_day_answers2
from days
group by period_kind, period_start, model_id, region, metric
