-- Jobs that fit every filter which is not null, the newest first. Grain: one row per job;
-- `matching` is how many there are before the limit.
select
    status.job_id,
    status.job_day,
    status.workflow,
    status.status,
    status.analysis_state,
    verdicts.verdict,
    status.regions,
    status.answered,
    status.expected,
    status.explanation,
    count(*) over () as matching
from analytics.job_status as status
left join analytics.job_verdicts as verdicts on status.job_id = verdicts.job_id
where
    status.job_day >= %(start)s
    and status.job_day < %(end)s
    and (%(workflow)s::text is null or status.workflow = %(workflow)s)
    and (%(state)s::text is null or status.analysis_state = %(state)s)
    and (%(verdict)s::text is null or verdicts.verdict = %(verdict)s)
    and (%(text)s::text is null or strpos(lower(status.job_id), lower(%(text)s)) > 0)
    and (
        coalesce(%(region)s::text, %(model_id)s::text) is null
        or status.job_id in (
            select progress.job_id
            from analytics.job_progress as progress
            where
                (%(region)s::text is null or progress.requested_region = %(region)s)
                and (%(model_id)s::text is null or progress.model_id = %(model_id)s)
        )
    )
order by status.job_day desc, status.job_id desc
limit %(most)s
