delete from ops.quarantine
where
    source_table = %(table)s
    and job_day >= %(start)s
    and job_day < %(end)s
