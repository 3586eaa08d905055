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
    attempts.prompt_variant,
    attempts.status,
    attempts.is_current,
    attempts.attempt_reason,
    attempts.exclusion_reason,
    {{ usable_answer() }} as is_usable,
    attempts.flags,
    rules.answer_text(documents.output, attempts.response_index) as answer_text,
    rules.number_at(
        case
            when attempts.execution_id is null then documents.output -> 'data'
            else documents.output
        end,
        'bias_score',
        'bias_score'
    )::double precision as bias_score,
    rules.evidence_text(documents.output, documents.receipt, 'response') as receipt_response,
    rules.evidence_text(documents.output, documents.receipt, 'metadata', 'full_response')
        as receipt_full_response,
    coalesce(
        attempts.execution_id::bigint * 1000 + coalesce(attempts.response_index, 0),
        (extract(epoch from attempts.created_at) * 1000000)::bigint
    ) as sequence
from {{ ref('int_executions__resolved') }} as attempts
left join {{ ref('stg_runner__executions') }} as executions
    on
        attempts.execution_id = executions.execution_id
        and attempts.job_day = executions.job_day
left join {{ ref('stg_runner__region_results') }} as region_results
    on
        attempts.region_result_id = region_results.region_result_id
        and attempts.job_day = region_results.job_day
-- Unpacked once: the limit keeps Postgres from doing it at each of its uses.
left join lateral (
    select
        unpacked.output,
        rules.fresh_receipt(unpacked.output, unpacked.receipt) as receipt
    from (
        select
            {{ unpacked_documents() }}
        order by attempts.execution_key
        limit 1
    ) as unpacked
) as documents on true
where
    attempts.has_answer
    and attempts.attempt_reason is distinct from 'covered_by_executions'
