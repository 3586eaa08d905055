-- A fixed sample of jobs that have executions, of both workflows.
select jobs.jobspec_id
from raw.jobs as jobs
inner join raw.executions as executions on jobs.id = executions.job_id
group by jobs.jobspec_id
order by md5(jobs.jobspec_id)
limit %(jobs)s
