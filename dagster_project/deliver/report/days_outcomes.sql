-- Counts of any days, as sums of the days: what the rates of a period are made of.
select
    region_basis,
    'days' as period_kind,
    %(first_day)s::date as period_start,
    model_id,
    region,
    question_id,
    sum(expected)::bigint as expected,
    sum(answered)::bigint as answered,
    sum(failed)::bigint as failed,
    sum(blocked)::bigint as blocked,
    sum(scored)::bigint as scored,
    sum(refused)::bigint as refused,
    sum(final_scored)::bigint as final_scored,
    sum(final_refused)::bigint as final_refused
from intermediate.int_question_outcomes__daily
where job_day between %(first_day)s and %(last_day)s
group by region_basis, model_id, region, question_id
