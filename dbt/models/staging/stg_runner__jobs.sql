-- Without CTEs, so that Postgres merges the view into the query that reads it: a view with a WITH
-- clause is never joined by an index.
select
    jobspec_id as job_id,
    id as job_number,
    job_day,
    status as source_status,
    {{ utc('created_at') }} as created_at,
    {{ utc('updated_at') }} as updated_at,
    {{ is_zero_time(['created_at', 'updated_at']) }} as has_zero_time,
    jobspec_data as spec
from {{ source('raw', 'jobs') }}
