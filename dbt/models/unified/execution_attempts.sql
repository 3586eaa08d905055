-- Narrow rows found by their indexes, wide ones fetched by key: a filter on job_id, job_day, region
-- or model never reads the wide tables as a whole, and a query without wide columns skips them.
-- Without CTEs, so that Postgres merges the view into the query that reads it: a view with a WITH
-- clause is never joined by an index.
select
    attempts.execution_key,
    attempts.source,
    attempts.job_id,
    attempts.job_number,
    attempts.job_day,
    attempts.cross_region_execution_id,
    attempts.execution_id,
    attempts.region_result_id,
    attempts.response_index,

    attempts.requested_region,
    attempts.region,
    attempts.stored_region,
    attempts.requested_model_id,
    attempts.model_id,
    attempts.stored_model_id,
    attempts.question_id,
    attempts.question_category,
    attempts.prompt_variant,
    attempts.stored_question_id,
    attempts.provider_id,
    executions.region_verified,

    attempts.status,
    attempts.source_status,
    attempts.started_at,
    attempts.completed_at,
    attempts.created_at,
    attempts.duration_ms,

    rules.answer_text(
        coalesce(executions.output_data, region_results.execution_output), attempts.response_index
    ) as answer_text,
    case when attempts.has_answer then scored_answers.answer_state else attempts.text_state end
        as answer_state,
    attempts.has_answer,
    executions.system_prompt,
    coalesce(executions.output_data, region_results.execution_output) as output_data,
    executions.receipt_data,
    executions.receipt_data is not null as has_receipt,
    attempts.error_code,
    attempts.error_message,
    attempts.is_provider_block,
    attempts.retry_count,
    attempts.max_retries,

    attempts.flags,
    attempts.exclusion_reason,
    attempts.is_current,
    attempts.attempt_reason,
    attempts.attempt_rank
from {{ ref('int_executions__resolved') }} as attempts
left join {{ ref('stg_runner__executions') }} as executions
    on
        attempts.execution_id = executions.execution_id
        and attempts.job_day = executions.job_day
left join {{ ref('stg_runner__region_results') }} as region_results
    on
        attempts.region_result_id = region_results.region_result_id
        and attempts.job_day = region_results.job_day
left join {{ source('scores', 'answers') }} as scored_answers
    on
        attempts.execution_key = scored_answers.execution_key
        and attempts.job_day = scored_answers.job_day
