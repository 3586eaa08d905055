select
    execution_key,
    region,
    model_id,
    question_id,
    status,
    answer_text
from analytics.executions_unified
where job_id = %(job_id)s
