-- Standard jobs of a window, and jobs whose analysis stands in the runner's tables already.
select status.job_id
from analytics.job_status as status
where
    status.workflow = 'standard'
    and status.job_day >= %(start)s
    and status.job_day < %(end)s
union distinct
select published.job_id
from ops.publications as published
where
    published.status = 'published'
    and published.job_day >= %(start)s
    and published.job_day < %(end)s
order by job_id
