-- Grain: one row per analysis_state and workflow.
select
    workflow,
    analysis_state,
    count(*) as jobs
from analytics.job_status
where job_day between %(first_day)s and %(last_day)s
group by workflow, analysis_state
order by jobs desc, analysis_state asc, workflow asc
