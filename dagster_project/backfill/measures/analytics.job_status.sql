-- How much of what the day's jobs asked for is there, and how many of them have an analysis.
select
    job_day,
    count(*) filter (where analysis_state = 'analysed') as analysed_jobs,
    sum(answered)::double precision / nullif(sum(expected), 0) as completeness
from analytics.job_status
where job_day >= %(start)s and job_day < %(end)s
group by job_day;
