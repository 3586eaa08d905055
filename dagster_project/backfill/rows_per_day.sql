select
    job_day,
    count(*) as row_count
from {relation}
where
    job_day >= %(start)s
    and job_day < %(end)s
group by job_day
