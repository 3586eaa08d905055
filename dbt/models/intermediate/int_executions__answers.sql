-- What scoring reads: every attempt with an answer, with its texts. A region result whose job has
-- executions holds the same text once more and is left out. No CTE, as in execution_attempts.
select
    attempts.execution_key,
    attempts.job_id,
    attempts.job_day,
    attempts.source,
    attempts.requested_region,
    attempts.region,
    attempts.model_id,
    attempts.question_id,
    attempts.question_category,
    attempts.status,
    attempts.is_current,
    attempts.attempt_reason,
    attempts.exclusion_reason,
    {{ usable_answer() }} as is_usable,
    attempts.flags,
    rules.answer_text(
        coalesce(executions.output_data, region_results.execution_output), attempts.response_index
    ) as answer_text,
    coalesce(
        rules.number_at(executions.output_data, 'bias_score', 'bias_score'),
        rules.number_at(region_results.execution_output, 'data', 'bias_score', 'bias_score')
    )::double precision as bias_score,
    rules.receipt_response(executions.receipt_data) as receipt_response,
    rules.receipt_full_response(executions.receipt_data) as receipt_full_response,
    coalesce(
        attempts.execution_id::bigint * 1000 + coalesce(attempts.response_index, 0),
        (extract(epoch from attempts.created_at) * 1000000)::bigint
    ) as sequence
from {{ ref('int_executions__resolved') }} as attempts
left join {{ ref('stg_runner__executions') }} as executions
    on attempts.execution_id = executions.execution_id
left join {{ ref('stg_runner__region_results') }} as region_results
    on attempts.region_result_id = region_results.region_result_id
where
    attempts.has_answer
    and attempts.attempt_reason is distinct from 'covered_by_executions'
