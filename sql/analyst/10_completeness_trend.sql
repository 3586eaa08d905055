-- Question: is the data getting more complete?
-- Grain:    one row per week (Monday) and workflow. Missing is not failed.
select
    date_trunc('week', job_day)::date as week,
    workflow,
    count(*) as jobs,
    sum(expected) as expected,
    sum(answered) as answered,
    sum(failed) as failed,
    sum(missing) as missing,
    round(sum(answered)::numeric / nullif(sum(expected), 0), 3) as completeness,
    count(*) filter (where status = 'lost') as lost_jobs
from analytics.job_status
group by date_trunc('week', job_day)::date, workflow
order by week, workflow
