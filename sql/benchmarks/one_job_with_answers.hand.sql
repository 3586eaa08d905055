select
    executions.id,
    executions.region,
    executions.model_id,
    executions.question_id,
    executions.status,
    executions.output_data ->> 'response' as answer_text
from raw.executions as executions
where executions.job_id = (select jobs.id from raw.jobs as jobs where jobs.jobspec_id = %(job_id)s)
