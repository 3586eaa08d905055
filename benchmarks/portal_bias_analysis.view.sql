select
    http_status,
    payload
from portal.bias_analysis
where job_id = %(job_id)s
