insert into ops.source_state (state, start_day, end_day, days_hash)
values (%(state)s, %(start)s, %(end)s, %(days_hash)s)
on conflict (only_row) do update
    set
        state = excluded.state,
        start_day = excluded.start_day,
        end_day = excluded.end_day,
        days_hash = excluded.days_hash
