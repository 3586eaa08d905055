-- Rows of the periods that are made anew.
delete from {table} as stored
using unnest(%(kinds)s::text[], %(starts)s::date[]) as period (kind, start)
where
    stored.period_kind = period.kind
    and stored.period_start = period.start
