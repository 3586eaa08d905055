-- Copied rows of one table per job_day of a window, and the ids of two of them.
select
    job_day,
    count(*) as row_count,
    min(id::text) as first_id,
    max(id::text) as last_id
from {table}
where
    job_day >= %(start)s
    and job_day < %(end)s
group by job_day
