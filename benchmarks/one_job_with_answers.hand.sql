select
    executions.id,
    executions.region,
    executions.model_id,
    executions.question_id,
    executions.status,
    executions.output_data ->> 'response' as answer_text
from raw.executions as executions
inner join raw.jobs as jobs on executions.job_id = jobs.id
where jobs.jobspec_id = %(job_id)s
