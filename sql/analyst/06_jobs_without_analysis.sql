-- Question: which jobs have no analysis, and why?
-- Grain:    one row per job without analysis, newest first.
select
    job_day,
    job_id,
    workflow,
    status,
    analysis_state,
    explanation,
    flags
from analytics.job_status
where analysis_state <> 'analysed'
order by job_day desc, job_id asc
