-- One lock per job_day, taken oldest first so that two runs cannot wait for each other.
select pg_advisory_lock(hashtext('beacon.job_day'), (days.job_day::date - date '2000-01-01'))
from generate_series(
    %(start)s::date,
    %(end)s::date - 1,
    interval '1 day'
) as days (job_day)
