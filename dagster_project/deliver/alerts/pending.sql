-- What a target has not been told: problems that began, and problems that are over.
select
    kind,
    subject,
    what,
    remedy,
    began_at,
    ended_at
from ops.alerts
where
    %(target)s <> all(case when ended_at is null then told else told_end end)
order by began_at, kind, subject
