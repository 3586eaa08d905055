-- Without CTEs, so that Postgres merges the view into the query that reads it: a view with a WITH
-- clause is never joined by an index.
select
    id as execution_id,
    job_id as job_number,
    job_day,
    region as stored_region,
    model_id as stored_model_id,
    question_id as stored_question_id,
    provider_id,
    status as source_status,
    {{ utc('started_at') }} as started_at,
    {{ utc('completed_at') }} as completed_at,
    {{ utc('created_at') }} as created_at,
    {{ is_zero_time(['started_at', 'completed_at', 'created_at']) }} as has_zero_time,
    output_data,
    receipt_data,
    system_prompt,
    coalesce(retry_count, 0) as retry_count,
    max_retries,
    last_retry_at,
    retry_history,
    original_error,
    region_claimed,
    region_observed,
    region_verified
from {{ source('raw', 'executions') }}
