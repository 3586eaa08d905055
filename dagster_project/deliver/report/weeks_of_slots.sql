-- Grain: one row per week (Monday) that has jobs.
select
    date_trunc('week', job_day)::date as week,
    coalesce(sum(expected), 0)::bigint as expected,
    coalesce(sum(answered), 0)::bigint as answered,
    coalesce(sum(failed), 0)::bigint as failed,
    coalesce(sum(missing), 0)::bigint as missing
from analytics.job_status
where job_day between %(first_day)s and %(last_day)s
group by date_trunc('week', job_day)::date
order by week
