-- The runner's own answer: every column of the job's rows as JSON.
select jsonb_agg(to_jsonb(executions.*) order by executions.created_at desc) as payload
from raw.executions as executions
where executions.job_id = (select jobs.id from raw.jobs as jobs where jobs.jobspec_id = %(job_id)s)
