with jobs as (
    select job_id from {{ ref('job_status') }}
),

items as (
    select * from {{ ref('int_executions__presented') }}
)

-- A subquery per job, so that a lookup by job_id reaches the indexes of the tables below.
select
    jobs.job_id,
    jsonb_build_object(
        'executions',
        coalesce(
            (
                select
                    jsonb_agg(
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
                            'response_classification', items.response_classification,
                            'is_substantive', items.response_classification = 'substantive',
                            'is_content_refusal',
                            items.response_classification = 'content_refusal',
                            'retry_count', items.retry_count,
                            'max_retries', items.max_retries
                        )
                        || {{ optional_key('output', 'items.output') }}
                        || {{ optional_key('question_id', 'items.question_id') }}
                        || {{ optional_key('system_prompt', 'items.system_prompt') }}
                        || {{ optional_key('response_length', 'items.response_length') }}
                        || {{ optional_key('last_retry_at', rfc3339('items.last_retry_at')) }}
                        || {{ optional_key('retry_history', 'items.retry_history') }}
                        || {{ optional_key('original_error', 'items.original_error') }}
                        order by items.created_at desc nulls last, items.id desc
                    )
                from items
                where items.job_id = jobs.job_id
            ),
            '[]'
        )
    ) as payload
from jobs
