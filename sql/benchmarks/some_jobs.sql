-- A fixed sample of jobs that have executions, of both workflows.
select jobs.jobspec_id
from raw.jobs as jobs
where exists (select 1 from raw.executions as executions where executions.job_id = jobs.id)
order by md5(jobs.jobspec_id)
limit %(jobs)s
