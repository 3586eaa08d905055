-- One job with its metrics, as documents. No row: the job is not in the warehouse.
select
    to_jsonb(job) as job,
    to_jsonb(metrics) as metrics
from analytics.job_status as job
left join analytics.fct_job_bias_metrics as metrics on job.job_id = metrics.job_id
where job.job_id = %(job_id)s
