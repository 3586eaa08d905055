select
    execution_key,
    region,
    model_id,
    question_id,
    status,
    completed_at
from analytics.executions_unified
where job_id = %(job_id)s
