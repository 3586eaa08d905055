-- Opens what was found and closes the rest of these kinds. What lasts stays as it is; what begins
-- anew before all were told of its end is new to those who were.
with found as (
    select
        kind,
        subject,
        what,
        remedy
    from
        unnest(
            %(found_kinds)s::text[], %(subjects)s::text[], %(whats)s::text[], %(remedies)s::text[]
        ) as one (kind, subject, what, remedy)
),

ended as (
    update ops.alerts
    set ended_at = now()
    where
        kind = any(%(kinds)s)
        and ended_at is null
        and subject <> all(%(undecided)s)
        and (kind, subject) not in (
            select
                found.kind,
                found.subject
            from found
        )
)

insert into ops.alerts (kind, subject, what, remedy)
select
    kind,
    subject,
    what,
    remedy
from found
on conflict (kind, subject) do update
    set
        what = excluded.what,
        remedy = excluded.remedy,
        began_at = case when alerts.ended_at is null then alerts.began_at else now() end,
        told = array(
            select target
            from unnest(alerts.told) as target  -- noqa: RF01
            where target <> all(alerts.told_end)  -- noqa: RF01
        ),
        told_end = array[]::text[],
        ended_at = null
