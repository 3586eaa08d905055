-- Subqueries per job, so that a lookup by job_id reaches the indexes of the tables below.
select
    jobs.job_id,
    jsonb_build_object(
        'id', jobs.job_id,
        'status',
        case
            when jobs.status in ('completed', 'partial') then 'completed'
            when jobs.status in ('failed', 'lost') then 'failed'
            when jobs.status = 'cancelled' then 'cancelled'
            else coalesce(jobs.source_status, 'queued')
        end,
        'stored_status', coalesce(jobs.source_status, ''),
        'created_at', coalesce({{ rfc3339('requested.created_at') }}, ''),
        'updated_at', coalesce({{ rfc3339('requested.updated_at') }}, ''),
        'progress',
        jsonb_build_object(
            'expected', jobs.expected,
            'answered', jobs.answered,
            'failed', jobs.failed,
            'missing', jobs.missing,
            'pending', jobs.pending,
            'failures_without_region', jobs.failures_without_region
        ),
        'executions', jsonb_path_query_array(shown.payload -> 'executions', '$[0 to 99]')
    ) as payload
from {{ ref('job_status') }} as jobs
inner join {{ ref('int_jobs__requested') }} as requested
    on jobs.job_id = requested.job_id
inner join {{ ref('job_executions') }} as shown
    on jobs.job_id = shown.job_id
