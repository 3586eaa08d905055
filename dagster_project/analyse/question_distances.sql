-- Distances of some periods.
select
    stored.period_kind,
    stored.period_start,
    stored.model_id,
    stored.region_a,
    stored.region_b,
    stored.question_id,
    stored.pairs,
    stored.distance_total::double precision as distance_total
from analytics.question_distances as stored
inner join unnest(%(kinds)s::text[], %(starts)s::date[]) as period (kind, start)
    on
        stored.period_kind = period.kind
        and stored.period_start = period.start
