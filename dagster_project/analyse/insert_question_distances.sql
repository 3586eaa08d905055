-- Distances of periods: sums of their days.
insert into analytics.question_distances (
    period_kind,
    period_start,
    model_id,
    region_a,
    region_b,
    question_id,
    pairs,
    distance_total
)
select
    period.kind,
    period.start,
    daily.model_id,
    daily.region_a,
    daily.region_b,
    daily.question_id,
    sum(daily.pairs) as pairs,
    sum(daily.distance_total) as distance_total
from
    unnest(
        %(kinds)s::text[], %(starts)s::date[], %(ends)s::date[]
    ) as period (kind, start, finish)
inner join intermediate.int_question_distances__daily as daily
    on
        period.start <= daily.job_day
        and period.finish > daily.job_day
group by
    period.kind,
    period.start,
    daily.model_id,
    daily.region_a,
    daily.region_b,
    daily.question_id
