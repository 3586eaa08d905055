-- A target knows now. What changed while the message was on its way is told at the next tick.
update ops.alerts
set
    told = case
        when ended_at is null and %(is_end)s then array_remove(told, %(target)s)
        when %(target)s = any(told) then told
        else told || %(target)s
    end,
    told_end = case
        when ended_at is not null and %(is_end)s then told_end || %(target)s
        else told_end
    end
where (kind, subject) in (
    select
        one.kind,
        one.subject
    from unnest(%(kinds)s::text[], %(subjects)s::text[]) as one (kind, subject)
)
