-- What the portal shows of an attempt, in its own column names. Stored values as they are stored;
-- only the classification is recomputed, because the runner never filled it.
with attempts as (
    select * from {{ ref('int_executions__resolved') }}
    where is_current or attempt_reason = 'extra_sample'
),

executions as (
    select * from {{ ref('stg_runner__executions') }}
),

region_results as (
    select * from {{ ref('stg_runner__region_results') }}
),

answers as (
    select * from {{ source('scores', 'answers') }}
),

-- One output that answers several questions is one item, classified by its first answer.
first_attempts as (
    select distinct on (job_id, execution_id, region_result_id)
        job_id,
        execution_id,
        region_result_id,
        execution_key,
        text_state
    from attempts
    order by job_id asc, execution_id asc, region_result_id asc, response_index asc
),

stored as (
    select
        first_attempts.job_id,
        first_attempts.execution_key,
        first_attempts.text_state,
        executions.execution_id::bigint as id,
        executions.source_status as status,
        executions.stored_region as region,
        executions.provider_id,
        executions.started_at,
        executions.completed_at,
        executions.created_at,
        jsonb_typeof(executions.receipt_data) <> 'null' as has_receipt,
        executions.output_data as output,
        executions.stored_model_id as model_id,
        executions.stored_question_id as question_id,
        executions.system_prompt,
        executions.retry_count,
        executions.max_retries,
        executions.last_retry_at,
        executions.retry_history,
        executions.original_error
    from first_attempts
    inner join executions on first_attempts.execution_id = executions.execution_id

    union all

    select
        first_attempts.job_id,
        first_attempts.execution_key,
        first_attempts.text_state,
        -- The contract's ids are integers; negative ones cannot meet a serial.
        -1 - ('x' || left(md5(region_results.region_result_id::text), 12))::bit(48)::bigint as id,
        case region_results.source_status
            when 'success' then 'completed'
            else region_results.source_status
        end as status,
        region_results.stored_region as region,
        region_results.provider_id,
        region_results.started_at,
        region_results.completed_at,
        region_results.created_at,
        false as has_receipt,
        region_results.execution_output as output,
        region_results.stored_model_id as model_id,
        null as question_id,
        null as system_prompt,
        0 as retry_count,
        0 as max_retries,
        null as last_retry_at,
        null as retry_history,
        null as original_error
    from first_attempts
    inner join region_results
        on first_attempts.region_result_id = region_results.region_result_id
)

select
    stored.job_id,
    stored.id,
    coalesce(stored.status, '') as status,
    coalesce(stored.region, '') as region,
    coalesce(stored.provider_id, '') as provider_id,
    stored.started_at,
    stored.completed_at,
    stored.created_at,
    coalesce(stored.has_receipt, false) as has_receipt,
    {{ json_of_type('stored.output', 'object') }} as output,
    coalesce(stored.model_id, '') as model_id,
    nullif(stored.question_id, '') as question_id,
    nullif(stored.system_prompt, '') as system_prompt,
    coalesce(
        answers.runner_classification,
        case when stored.text_state is null then 'unknown' else 'technical_failure' end
    ) as response_classification,
    answers.runner_response_length as response_length,
    coalesce(stored.retry_count, 0) as retry_count,
    coalesce(stored.max_retries, 3) as max_retries,
    stored.last_retry_at,
    {{ json_of_type('stored.retry_history', 'array') }} as retry_history,
    nullif(stored.original_error, '') as original_error
from stored
left join answers on stored.execution_key = answers.execution_key
