-- No row, or one: the latest job in which a model refused a question in one region and answered it
-- in another, both the first time it was asked, so that what it said first is what is stored.
select
    refused.workflow,
    refused.model_id,
    refused.question_id,
    refused.job_id,
    refused.job_day,
    refused.region as more,
    answered.region as less,
    left(refusals.answer_text, 2000) as refusal,
    left(answers.answer_text, 2000) as answer
from analytics.answer_outcomes as refused
inner join analytics.answer_outcomes as answered
    on
        refused.job_id = answered.job_id
        and refused.job_day = answered.job_day
        and refused.model_id = answered.model_id
        and refused.question_id = answered.question_id
inner join analytics.executions_unified as refusals
    on
        refused.execution_key = refusals.execution_key
        and refused.job_day = refusals.job_day
inner join analytics.executions_unified as answers
    on
        answered.execution_key = answers.execution_key
        and answered.job_day = answers.job_day
where
    refused.workflow = %(workflow)s
    and refused.model_id = %(model_id)s
    and refused.question_id = %(question_id)s
    and refused.region = %(more)s
    and refused.outcome = 'refusal'
    and refused.first_state = 'refusal'
    and refused.job_day between %(first_day)s and %(last_day)s
    and answered.region = %(less)s
    and answered.outcome = 'substantive'
    and answered.first_state = 'substantive'
order by
    refused.job_day desc,
    refused.job_id desc,
    refused.execution_key asc,
    answered.execution_key asc
limit 1
