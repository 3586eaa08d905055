-- The noted state of the source, if it is of all these days.
select
    state,
    start_day,
    end_day,
    days_hash
from ops.source_state
where start_day <= %(start)s and end_day >= %(end)s
