-- Every job of a window that may be published, by what the warehouse holds or remembers.
select status.job_id
from analytics.job_status as status
where
    status.job_day >= %(start)s
    and status.job_day < %(end)s
union distinct
select published.job_id
from ops.publications as published
where
    published.kind <> 'executions'
    and published.job_day >= %(start)s
    and published.job_day < %(end)s
order by job_id
