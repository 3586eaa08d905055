-- Without CTEs, so that Postgres merges the view into the query that reads it: a view with a WITH
-- clause is never joined by an index.
select
    id as cross_region_execution_id,
    jobspec_id as job_id,
    job_day,
    status as source_status,
    total_regions,
    success_count,
    failure_count,
    min_regions_required,
    min_success_rate,
    {{ sane_time('started_at') }} as started_at,
    {{ sane_time('completed_at') }} as completed_at,
    {{ sane_time('created_at') }} as created_at,
    {{ sane_time('updated_at') }} as updated_at,
    {{ is_zero_time(['started_at', 'completed_at', 'created_at']) }} as has_zero_time,
    duration_ms
from {{ source('raw', 'cross_region_executions') }}
