-- Rows of days outside the window whose key is on a day inside it now.
delete from {table}
where
    {key} = any(%(keys)s)
    and (job_day < %(start)s or job_day >= %(end)s)
