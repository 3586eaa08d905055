select payload
from portal.job_executions
where job_id = %(job_id)s
