-- What the file of a month holds of executions: their JSON as it was copied.
with wanted as (select unnest(%(days)s::date[]) as job_day)

select
    executions.id,
    jobs.jobspec_id as job_id,
    executions.job_day,
    executions.output_data::text,
    executions.receipt_data::text,
    executions.retry_history::text
from raw.executions
left join raw.jobs on executions.job_id = jobs.id
inner join wanted on executions.job_day = wanted.job_day
where
    executions.job_day >= %(start)s
    and executions.job_day < %(end)s
order by executions.job_day, executions.id
