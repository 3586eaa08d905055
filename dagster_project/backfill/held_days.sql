-- Job_days of a window of which the warehouse holds copied rows.
select job_day
from raw.jobs
where
    job_day >= %(start)s
    and job_day < %(end)s
union
select job_day
from raw.executions
where
    job_day >= %(start)s
    and job_day < %(end)s
union
select job_day
from raw.cross_region_executions
where
    job_day >= %(start)s
    and job_day < %(end)s
