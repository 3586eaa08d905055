-- Counts of periods: sums of their days.
insert into analytics.question_outcomes (
    period_kind,
    period_start,
    region_basis,
    model_id,
    region,
    question_id,
    expected,
    answered,
    failed,
    blocked,
    scored,
    refused,
    partially_refused,
    inferred,
    final_scored,
    final_refused
)
select
    period.kind,
    period.start,
    daily.region_basis,
    daily.model_id,
    daily.region,
    daily.question_id,
    sum(daily.expected) as expected,
    sum(daily.answered) as answered,
    sum(daily.failed) as failed,
    sum(daily.blocked) as blocked,
    sum(daily.scored) as scored,
    sum(daily.refused) as refused,
    sum(daily.partially_refused) as partially_refused,
    sum(daily.inferred) as inferred,
    sum(daily.final_scored) as final_scored,
    sum(daily.final_refused) as final_refused
from
    unnest(
        %(kinds)s::text[], %(starts)s::date[], %(ends)s::date[]
    ) as period (kind, start, finish)
inner join intermediate.int_question_outcomes__daily as daily
    on
        period.start <= daily.job_day
        and period.finish > daily.job_day
group by
    period.kind,
    period.start,
    daily.region_basis,
    daily.model_id,
    daily.region,
    daily.question_id
