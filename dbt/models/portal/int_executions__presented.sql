{{ config(schema='intermediate') }}

-- What the portal shows of an attempt, in the portal's column names. Stored values stay as they are
-- stored; only the classification is recomputed, because the runner never filled it (I-23). Reads
-- the copies themselves: each view in between adds to the planning of a lookup.
select
    attempts.job_id,
    attempts.job_day,
    -- The contract's ids are integers: a region result gets a negative one, which no serial has.
    coalesce(
        attempts.execution_id,
        -1 - ('x' || left(md5(attempts.region_result_id::text), 12))::bit(48)::bigint
    ) as id,
    case
        when attempts.execution_id is not null then coalesce(executions.status, '')
        when region_results.status = 'success' then 'completed'
        else coalesce(region_results.status, '')
    end as status,
    coalesce(executions.region, region_results.region, '') as region,
    coalesce(executions.provider_id, region_results.provider_id, '') as provider_id,
    {% for column in ['started_at', 'completed_at', 'created_at'] %}
        coalesce(
            {{ utc('executions.' ~ column) }},
            {{ sane_time('region_results.' ~ column) }}
        ) as {{ column }},
    {% endfor %}
    coalesce(executions.created_at at time zone 'UTC', region_results.created_at)
        as stored_created_at,
    executions.receipt_data is not null as has_receipt,
    coalesce(executions.output_data, region_results.execution_output) as output,
    -- A region result stores the default model and no question; its receipt within names both.
    coalesce(
        case when attempts.execution_id is null then attempts.model_id else executions.model_id end,
        ''
    ) as model_id,
    case
        when attempts.execution_id is null then attempts.question_id
        else nullif(executions.question_id, '')
    end as question_id,
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
from (
    -- One output that answers several questions is one item, classified by its first answer.
    select distinct on (job_id, job_day, execution_id, region_result_id)
        job_id,
        job_day,
        execution_id,
        region_result_id,
        execution_key,
        model_id,
        question_id,
        text_state
    from {{ ref('int_executions__resolved') }}
    where is_current or attempt_reason = 'extra_sample'
    order by
        job_id asc,
        job_day asc,
        execution_id asc,
        region_result_id asc,
        response_index asc
) as attempts
left join {{ source('raw', 'executions') }} as executions
    on
        attempts.execution_id = executions.id
        and attempts.job_day = executions.job_day
left join {{ source('raw', 'region_results') }} as region_results
    on
        attempts.region_result_id = region_results.id
        and attempts.job_day = region_results.job_day
left join {{ source('scores', 'answers') }} as scored_answers
    on
        attempts.execution_key = scored_answers.execution_key
        and attempts.job_day = scored_answers.job_day
