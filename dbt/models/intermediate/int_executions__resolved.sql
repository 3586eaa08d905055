{{ config(
    materialized='incremental',
    unique_key='execution_key',
    partition_by_month=true,
    indexes=[
        {'columns': ['execution_key', 'job_day'], 'unique': true},
        {'columns': ['job_id']},
        {'columns': ['job_day']},
        {'columns': ['model_id', 'region', 'job_day']},
    ],
) }}

with

attempts as (

    select * from {{ ref('int_executions__ranked') }}

),

jobs as (

    select * from {{ ref('int_jobs__requested') }}
    where {{ window_predicate('job_day') }}

),

questions as (

    select * from {{ ref('questions') }}

),

models as (

    select distinct model_id
    from {{ ref('model_aliases') }}

),

described as (

    select
        attempts.*,
        questions.category as question_category,
        models.model_id is null as is_unknown_model,
        questions.question_id is null as is_unknown_question,
        {{ is_other_question_asked() }} as is_other_question_asked,
        coalesce(jobs.is_test_job, false) as is_test_job,
        coalesce(cardinality(jobs.requested_models) > 1, false) as is_multi_model_job,
        coalesce(
            jobs.status = 'cancelled' and attempts.completed_at >= jobs.updated_at, false
        ) as is_after_cancel,
        coalesce(jobs.spec_created_at > attempts.created_at, false) as is_resubmitted
    from attempts
    left join jobs on attempts.job_id = jobs.job_id
    left join questions on attempts.question_id = questions.question_id
    left join questions as asked on attempts.asked_question_id = asked.question_id
    left join models on attempts.model_id = models.model_id

),

judged as (

    select
        described.*,
        is_mock_provider or {{ is_mock_model('model_id') }} or {{ is_mock_model('stored_model') }}
            as is_mock,
        {{ is_default_model() }} as is_default_model
    from described

),

flagged as (

    select
        judged.*,
        {{ execution_flags() }} as flags,
        {{ exclusion_reason() }} as exclusion_reason
    from judged

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
    served_region_key as served_region_name,
    requested_region,
    region,
    stored_model_id,
    {{ requested_model_id() }} as requested_model_id,
    model_id,
    stored_question_id,
    question_id,
    question_category,
    prompt_variant,
    provider_id,
    status,
    source_status,
    started_at,
    completed_at,
    created_at,
    duration_ms,
    queue_ms,
    has_answer,
    text_state,
    error_code,
    error_message,
    is_provider_block,
    retry_count,
    max_retries,
    flags,
    exclusion_reason,
    attempt_reason is null as is_current,
    attempt_reason,
    attempt_rank
from flagged
