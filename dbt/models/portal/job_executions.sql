-- A subquery per job, so that a lookup by job_id reaches the indexes of the tables below.
select
    jobs.job_id,
    jsonb_build_object(
        'executions',
        coalesce(
            (
                select
                    jsonb_agg(
                        jsonb_strip_nulls(
                            jsonb_build_object(
                                'id', items.id,
                                'job_id', items.job_id,
                                'status', items.status,
                                'region', items.region,
                                'provider_id', items.provider_id,
                                'started_at', coalesce({{ rfc3339('items.started_at') }}, ''),
                                'completed_at', coalesce({{ rfc3339('items.completed_at') }}, ''),
                                'created_at', coalesce({{ rfc3339('items.created_at') }}, ''),
                                'has_receipt', items.has_receipt,
                                'model_id', items.model_id,
                                'question_id', items.question_id,
                                'system_prompt', items.system_prompt,
                                'response_classification', items.response_classification,
                                'is_substantive', items.response_classification = 'substantive',
                                'is_content_refusal',
                                items.response_classification = 'content_refusal',
                                'response_length', items.response_length,
                                'retry_count', items.retry_count,
                                'max_retries', items.max_retries,
                                'last_retry_at', {{ rfc3339('items.last_retry_at') }},
                                'original_error', items.original_error
                            )
                        )
                        || {{ typed_key('retry_history', 'items.retry_history', 'array') }}
                        || {{ typed_key('output', 'items.output', 'object') }}
                        -- The endpoint's order, which leaves ties to chance: as inserted.
                        order by items.stored_created_at desc nulls first, items.id asc
                    )
                from {{ ref('int_executions__presented') }} as items
                where
                    items.job_id = jobs.job_id
                    and items.job_day = jobs.job_day
            ),
            '[]'
        )
    ) as payload
from {{ ref('job_status') }} as jobs
