-- Every attempt with an answer, whole jobs and in them whole questions side by side.
select
    execution_key,
    job_id,
    job_day,
    region,
    model_id,
    question_id,
    prompt_variant,
    status,
    is_usable::text as is_usable,
    exclusion_reason,
    answer_text,
    bias_score,
    receipt_response,
    receipt_full_response,
    sequence
from intermediate.int_executions__answers
where job_day >= %(start)s and job_day < %(end)s
order by job_id, question_id, sequence, execution_key
