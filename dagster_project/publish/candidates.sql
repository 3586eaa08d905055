-- Jobs of a window without an analysis of the runner's own, and jobs whose analysis we published.
select status.job_id
from analytics.job_status as status
left join analytics.fct_job_bias_metrics as metrics on status.job_id = metrics.job_id
where
    (status.workflow = 'standard' or not metrics.had_native_analysis)
    and status.job_day >= %(start)s
    and status.job_day < %(end)s
union distinct
select published.job_id
from ops.publications as published
where
    published.status = 'published'
    and published.kind <> 'executions'
    and published.job_day >= %(start)s
    and published.job_day < %(end)s
order by job_id
