-- No row, or one: the latest job in which a model refused a question in one region and answered it in
-- another. Answers that the endpoint had asked for twice are left out: their first text is lost.
select
    refused.model_id,
    refused.question_id,
    refused.job_id,
    refused.job_day,
    refused.region as more,
    answered.region as less,
    left(refused.answer_text, 2000) as refusal,
    left(answered.answer_text, 2000) as answer
from analytics.executions_unified as refused
inner join analytics.executions_unified as answered
    on
        refused.job_id = answered.job_id
        and refused.job_day = answered.job_day
        and refused.model_id = answered.model_id
        and refused.question_id = answered.question_id
where
    refused.model_id = %(model_id)s
    and refused.question_id = %(question_id)s
    and refused.region = %(more)s
    and refused.answer_state = 'refusal'
    and refused.exclusion_reason is null
    and not 'regenerated' = any(refused.flags)
    and refused.job_day between %(first_day)s and %(last_day)s
    and answered.region = %(less)s
    and answered.answer_state = 'substantive'
    and answered.exclusion_reason is null
    and not 'regenerated' = any(answered.flags)
order by refused.job_day desc, refused.job_id desc, refused.execution_key asc, answered.execution_key asc
limit 1
