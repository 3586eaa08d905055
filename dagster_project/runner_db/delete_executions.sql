delete from executions using jobs
where executions.job_id = jobs.id and jobs.jobspec_id = %(job)s
