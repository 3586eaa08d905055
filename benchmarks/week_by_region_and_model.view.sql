select
    region,
    model_id,
    count(*) as executions,
    count(*) filter (where status = 'completed') as completed
from analytics.executions_unified
where
    job_day >= %(start)s
    and job_day < %(end)s
group by region, model_id
