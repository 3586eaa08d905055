-- What the file of a month holds of region_results: their JSON as it was copied.
with wanted as (select unnest(%(days)s::date[]) as job_day)

select
    region_results.id::text,
    runs.jobspec_id as job_id,
    region_results.job_day,
    region_results.execution_output::text,
    region_results.scoring::text,
    region_results.metadata::text
from raw.region_results
left join raw.cross_region_executions as runs
    on region_results.cross_region_execution_id = runs.id
inner join wanted on region_results.job_day = wanted.job_day
where
    region_results.job_day >= %(start)s
    and region_results.job_day < %(end)s
order by region_results.job_day, region_results.id
