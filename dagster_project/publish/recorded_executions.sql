-- Executions that were published for some jobs, by what the pipeline remembers.
select
    job_id,
    cross_region_execution_id
from ops.publications
where job_id = any(%(job_ids)s)
