delete from {table}
where job_day >= %(start)s and job_day < %(end)s
