-- Without CTEs, so that Postgres merges the view into the query that reads it: a view with a WITH
-- clause is never joined by an index.
select
    execution_key,
    source,
    job_id,
    job_number,
    job_day,
    cross_region_execution_id,
    execution_id,
    region_result_id,
    response_index,

    requested_region,
    region,
    stored_region,
    requested_model_id,
    model_id,
    stored_model_id,
    question_id,
    question_category,
    prompt_variant,
    stored_question_id,
    provider_id,
    region_verified,

    status,
    source_status,
    started_at,
    completed_at,
    created_at,
    duration_ms,

    answer_text,
    answer_state,
    has_answer,
    system_prompt,
    output_data,
    receipt_data,
    has_receipt,
    error_code,
    error_message,
    is_provider_block,
    retry_count,
    max_retries,

    flags,
    exclusion_reason
from {{ ref('execution_attempts') }}
where is_current
