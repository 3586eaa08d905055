-- The runner's own answer: every column of the job's rows as JSON.
select jsonb_agg(to_jsonb(executions.*) order by executions.created_at desc) as payload
from raw.executions as executions
inner join raw.jobs as jobs on executions.job_id = jobs.id
where jobs.jobspec_id = %(job_id)s
