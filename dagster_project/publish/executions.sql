-- Cross-region executions of some jobs, and whether the runner wrote them itself.
select
    cre.id,
    cre.jobspec_id,
    ({is_native}) as is_native
from cross_region_executions as cre
where cre.jobspec_id = any(%(job_ids)s)
