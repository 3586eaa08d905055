-- What the portal shows of an attempt, in the portal's column names. Stored values stay as they are
-- stored; only the classification is recomputed, because the runner never filled it (I-23).

with

executions as (

    select * from {{ ref('stg_runner__executions') }}

),

region_results as (

    select * from {{ ref('stg_runner__region_results') }}

),

scored_answers as (

    select * from {{ source('scores', 'answers') }}

),

-- One output that answers several questions is one item, classified by its first answer.
attempts as (

    select distinct on (job_id, execution_id, region_result_id)
        job_id,
        execution_id,
        region_result_id,
        execution_key,
        text_state
    from {{ ref('int_executions__resolved') }}
    where is_current or attempt_reason = 'extra_sample'
    order by job_id asc, execution_id asc, region_result_id asc, response_index asc

)

select
    attempts.job_id,
    -- The contract's ids are integers: a region result gets a negative one, which no serial has.
    coalesce(
        attempts.execution_id::bigint,
        -1 - ('x' || left(md5(attempts.region_result_id::text), 12))::bit(48)::bigint
    ) as id,
    case
        when attempts.execution_id is not null then coalesce(executions.source_status, '')
        when region_results.source_status = 'success' then 'completed'
        else coalesce(region_results.source_status, '')
    end as status,
    coalesce(executions.stored_region, region_results.stored_region, '') as region,
    coalesce(executions.provider_id, region_results.provider_id, '') as provider_id,
    coalesce(executions.started_at, region_results.started_at) as started_at,
    coalesce(executions.completed_at, region_results.completed_at) as completed_at,
    coalesce(executions.created_at, region_results.created_at) as created_at,
    executions.receipt_data is not null as has_receipt,
    coalesce(executions.output_data, region_results.execution_output) as output,
    coalesce(executions.stored_model_id, region_results.stored_model_id, '') as model_id,
    nullif(executions.stored_question_id, '') as question_id,
    nullif(executions.system_prompt, '') as system_prompt,
    coalesce(
        scored_answers.runner_classification,
        case when attempts.text_state is null then 'unknown' else 'technical_failure' end
    ) as response_classification,
    scored_answers.runner_response_length as response_length,
    coalesce(executions.retry_count, 0) as retry_count,
    coalesce(executions.max_retries, 0) as max_retries,
    executions.last_retry_at,
    executions.retry_history,
    nullif(executions.original_error, '') as original_error
from attempts
left join executions on attempts.execution_id = executions.execution_id
left join region_results on attempts.region_result_id = region_results.region_result_id
left join scored_answers on attempts.execution_key = scored_answers.execution_key
