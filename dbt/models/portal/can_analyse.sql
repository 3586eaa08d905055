-- A subquery per job, so that a lookup by job_id reaches the indexes of the tables below.
select
    jobs.job_id,
    jobs.analysis_state = 'analysed' as can_analyse,
    jsonb_strip_nulls(
        jsonb_build_object(
            'job_id', jobs.job_id,
            'can_analyse', jobs.analysis_state = 'analysed',
            'analysis_state', jobs.analysis_state,
            'explanation', jobs.explanation,
            -- What is not there yet may come; what has ended stays as it is.
            'may_change', jobs.status = 'in_flight' and jobs.analysis_state <> 'analysed',
            'workflow', jobs.workflow,
            'regions', jobs.regions,
            'progress',
            jsonb_build_object(
                'expected', jobs.expected,
                'answered', jobs.answered,
                'failed', jobs.failed,
                'missing', jobs.missing,
                'pending', jobs.pending
            ),
            'verdict', (
                select verdicts.verdict
                from {{ source('analytics', 'job_verdicts') }} as verdicts
                where verdicts.job_id = jobs.job_id
            ),
            'verdict_reason', (
                select verdicts.verdict_reason
                from {{ source('analytics', 'job_verdicts') }} as verdicts
                where verdicts.job_id = jobs.job_id
            )
        )
    ) as payload
from {{ ref('job_status') }} as jobs
