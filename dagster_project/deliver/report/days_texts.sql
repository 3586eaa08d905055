-- How far texts diverge on any days, as sums of the days: what the statistics are made of.
select
    'days' as period_kind,
    %(first_day)s::date as period_start,
    model_id,
    region_a,
    region_b,
    question_id,
    sum(pairs)::bigint as pairs,
    sum(distance_total)::double precision as distance_total
from intermediate.int_question_distances__daily
where job_day between %(first_day)s and %(last_day)s
group by model_id, region_a, region_b, question_id
