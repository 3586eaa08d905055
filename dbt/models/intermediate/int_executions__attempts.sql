{{ config(materialized='ephemeral') }}

-- Everything that needs the wide rows, read once: nothing downstream touches JSON.

with

jobs as (

    select * from {{ ref('int_jobs__requested') }}
    where {{ window_predicate('job_day') }}

),

executions as (

    select * from {{ ref('stg_runner__executions') }}
    where {{ window_predicate('job_day') }}

),

cross_region_executions as (

    select * from {{ ref('stg_runner__cross_region_executions') }}
    where {{ window_predicate('job_day') }}

),

region_results as (

    select * from {{ ref('stg_runner__region_results') }}
    where {{ window_predicate('job_day') }}

),

-- Several rows may be one job (int_jobs__requested).
job_rows as (

    select
        job_number,
        job_id
    from {{ ref('stg_runner__jobs') }}
    where {{ window_predicate('job_day') }}

),

jobs_with_executions as (

    select distinct job_rows.job_id
    from executions
    inner join job_rows on executions.job_number = job_rows.job_number

),

execution_attempts as (

    select
        concat('e:', executions.execution_id, '#' || responses.response_index) as execution_key,
        coalesce(jobs.workflow, 'standard') as source,
        executions.execution_id,
        null::uuid as region_result_id,
        responses.response_index,
        jobs.job_id,
        executions.job_number,
        executions.job_day,
        jobs.cross_region_execution_id,
        executions.stored_region,
        executions.stored_model_id,
        coalesce(
            rules.text_at(responses.response, 'question_id'),
            executions.stored_question_id
        ) as stored_question_id,
        executions.provider_id,
        executions.source_status,
        coalesce(responses.response -> 'success' = 'false', false) as has_failed_response,
        executions.started_at,
        executions.completed_at,
        executions.created_at,
        executions.has_zero_time,
        executions.retry_count,
        executions.max_retries,
        executions.system_prompt as stored_system_prompt,
        documents.output,
        documents.receipt,
        coalesce(jsonb_typeof(executions.output_data), 'null') <> 'null' as has_output,
        rules.answer_text(documents.output, responses.response_index) as answer_text,
        executions.original_error as stored_error,
        null::text as preset_reason
    from executions
    left join job_rows on executions.job_number = job_rows.job_number
    left join jobs on job_rows.job_id = jobs.job_id
    left join lateral (
        with unpacked as materialized (
            select
                {{ unpacked_object('executions.output_data') }} as output,
                {{ unpacked_object('executions.receipt_data') }} as receipt
        )

        select
            unpacked.output,
            rules.fresh_receipt(unpacked.output, unpacked.receipt) as receipt
        from unpacked
    ) as documents on true
    left join lateral rules.exploded_responses(documents.output) as responses on true

),

region_result_attempts as (

    select
        concat('r:', region_results.region_result_id) as execution_key,
        'cross_region_result' as source,
        null::bigint as execution_id,
        region_results.region_result_id,
        null::integer as response_index,
        runs.job_id,
        jobs.job_number,
        region_results.job_day,
        region_results.cross_region_execution_id,
        region_results.stored_region,
        region_results.stored_model_id,
        null::text as stored_question_id,
        region_results.provider_id,
        region_results.source_status,
        false as has_failed_response,
        region_results.started_at,
        region_results.completed_at,
        region_results.created_at,
        region_results.has_zero_time,
        0 as retry_count,
        null::integer as max_retries,
        null as stored_system_prompt,
        documents.output,
        rules.fresh_receipt(documents.output, null) as receipt,
        coalesce(jsonb_typeof(region_results.execution_output), 'null') <> 'null' as has_output,
        rules.answer_text(documents.output) as answer_text,
        region_results.error_message as stored_error,
        case
            when jobs_with_executions.job_id is not null then 'covered_by_executions'
            when region_results.cross_region_execution_id <> jobs.cross_region_execution_id
                then 'superseded_execution'
        end as preset_reason
    from region_results
    left join cross_region_executions as runs
        on region_results.cross_region_execution_id = runs.cross_region_execution_id
    left join jobs on runs.job_id = jobs.job_id
    left join jobs_with_executions on jobs.job_id = jobs_with_executions.job_id
    left join lateral (
        with unpacked as materialized (
            select {{ unpacked_object('region_results.execution_output') }} as output
        )

        select unpacked.output
        from unpacked
    ) as documents on true

),

attempts as (

    select
        execution_attempts.*,
        coalesce(
            rules.error_message(output), nullif(btrim(stored_error, rules.blanks()), '')
        ) as error_message
    from execution_attempts
    union all
    select
        region_result_attempts.*,
        coalesce(
            rules.error_message(output), nullif(btrim(stored_error, rules.blanks()), '')
        ) as error_message
    from region_result_attempts

)

select
    execution_key,
    source,
    execution_id,
    region_result_id,
    response_index,
    job_id,
    job_number,
    job_day,
    cross_region_execution_id,
    stored_region,
    stored_model_id,
    stored_question_id,
    provider_id,
    source_status,
    has_failed_response,
    started_at,
    completed_at,
    created_at,
    has_zero_time,
    retry_count,
    max_retries,
    preset_reason,
    rules.served_region_key(output, receipt) as served_region_key,
    rules.served_provider_key(output, receipt) as served_provider_key,
    rules.served_model_key(output, receipt) as served_model_name,
    rules.asked_question(rules.evidence_text(output, receipt, 'prompt')) as asked_question,
    coalesce(
        nullif(btrim(stored_system_prompt, rules.blanks()), ''),
        rules.evidence_text(output, receipt, 'system_prompt')
    ) as system_prompt,
    has_output,
    answer_text is not null as has_text,
    coalesce(rules.is_technical_text(answer_text), false) as is_technical_text,
    rules.is_regenerated(
        rules.evidence_text(output, receipt, 'response'),
        rules.evidence_text(output, receipt, 'metadata', 'full_response')
    ) as is_regenerated,
    rules.evidence_number(output, receipt, 'metadata', 'max_tokens') as max_tokens,
    rules.receipt_duration_ms(output, receipt) as receipt_duration_ms,
    rules.receipt_started_at(output, receipt) as receipt_started_at,
    rules.retry_duration_ms(output) as retry_duration_ms,
    retry_count > 0 or rules.is_retry_output(output) as is_retried,
    rules.error_code(output) as error_code,
    error_message,
    rules.is_timeout(output, error_message) as is_timeout,
    rules.is_provider_block(output, receipt) as is_provider_block,
    rules.copy_key(output, receipt) as copy_key
from attempts
