-- Without CTEs, so that Postgres merges the view into the query that reads it: a view with a WITH
-- clause is never joined by an index.
select
    id as region_result_id,
    cross_region_execution_id,
    job_day,
    region as stored_region,
    model_id as stored_model_id,
    provider_id,
    status as source_status,
    {{ sane_time('started_at') }} as started_at,
    {{ sane_time('completed_at') }} as completed_at,
    {{ sane_time('created_at') }} as created_at,
    {{ is_zero_time(['started_at', 'completed_at', 'created_at']) }} as has_zero_time,
    duration_ms,
    execution_output,
    error_message,
    scoring,
    rules.count_at(metadata, 'success_count') as success_count,
    rules.count_at(metadata, 'failure_count') as failure_count,
    rules.count_at(metadata, 'total_executions') as total_executions
from {{ source('raw', 'region_results') }}
