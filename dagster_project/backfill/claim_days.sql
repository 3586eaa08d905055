-- Try to claim each job_day of a window for whoever is about to launch a run of it; tell whether
-- all are ours. The run itself holds the locks of lock_days.sql.
select
    bool_and(
        pg_try_advisory_lock(
            hashtext('beacon.claimed_day'), (days.job_day::date - date '2000-01-01')
        )
    ) as is_ours
from generate_series(
    %(start)s::date,
    %(end)s::date - 1,
    interval '1 day'
) as days (job_day)
