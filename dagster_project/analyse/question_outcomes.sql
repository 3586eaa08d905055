-- Counts of some periods.
select
    stored.region_basis,
    stored.period_kind,
    stored.period_start,
    stored.model_id,
    stored.region,
    stored.question_id,
    stored.expected,
    stored.answered,
    stored.failed,
    stored.blocked,
    stored.scored,
    stored.refused,
    stored.final_scored,
    stored.final_refused
from analytics.question_outcomes as stored
inner join unnest(%(kinds)s::text[], %(starts)s::date[]) as period (kind, start)
    on
        stored.period_kind = period.kind
        and stored.period_start = period.start
