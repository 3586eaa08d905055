select
    region,
    model_id,
    count(*) as executions,
    count(*) filter (where status = 'completed') as completed
from intermediate.int_executions__resolved
where
    is_current
    and job_day >= %(start)s
    and job_day < %(end)s
group by region, model_id
