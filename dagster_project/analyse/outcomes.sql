-- What requests of some days came to, by question.
select
    job_day,
    region_basis,
    model_id,
    region,
    question_id,
    expected,
    answered,
    failed,
    blocked,
    scored,
    refused,
    partially_refused,
    inferred,
    final_scored,
    final_refused
from intermediate.int_question_outcomes__daily
where job_day >= %(start)s and job_day < %(end)s
