-- Source rows of a window that are known to be missing in raw.*, because they cannot be stored.
select
    source_table,
    source_id
from ops.quarantine
where
    job_day >= %(start)s
    and job_day < %(end)s
