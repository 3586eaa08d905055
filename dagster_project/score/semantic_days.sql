-- Days of a window that ask for the semantic measure, marked with the version that they get now.
update ops.semantic_days
set method_version = %(method_version)s
where
    job_day >= %(start)s
    and job_day < %(end)s
returning job_day
