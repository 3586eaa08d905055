-- Those of some jobs that the runner knows.
select jobspec_id
from jobs
where jobspec_id = any(%(job_ids)s)
