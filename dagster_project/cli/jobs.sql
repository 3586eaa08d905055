select
    workflow,
    status,
    analysis_state,
    count(*) as jobs
from analytics.job_status
group by workflow, status, analysis_state
order by workflow, status, analysis_state
