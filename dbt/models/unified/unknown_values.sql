select
    kind,
    value,
    seed,
    remedy,
    min(job_day) as first_job_day,
    max(job_day) as last_job_day,
    count(*)::integer as attempts
from {{ ref('int_names__unknown') }}
group by kind, value, seed, remedy
