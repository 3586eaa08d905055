-- Grain: one row per current attempt of the job, in the order in which they are shown. Texts are
-- cut: an answer may be as long as it likes, the page may not.
select
    executions.execution_key,
    coalesce(executions.question_id, 'unknown question') as question,
    coalesce(executions.question_category, '') as category,
    coalesce(executions.model_id, 'unknown model') as model,
    executions.region,
    executions.requested_region,
    executions.prompt_variant,
    executions.status,
    executions.answer_state,
    executions.exclusion_reason,
    array(
        select coalesce(incidents.title, replace(flagged.flag, '_', ' '))
        from unnest(executions.flags) as flagged (flag)
        left join seeds.incidents as incidents
            on flagged.flag = incidents.flag and incidents.unit = 'attempt'
        order by flagged.flag
    ) as incidents,
    executions.duration_ms,
    executions.error_code,
    left(executions.error_message, 500) as error_message,
    left(executions.answer_text, %(most_characters)s) as answer_text,
    char_length(executions.answer_text) as characters,
    left(scores.refusal_evidence, 200) as refusal_evidence,
    scores.regenerated,
    scores.first_state_inferred,
    coalesce(scores.first_state, executions.answer_state) as first_state
from analytics.executions_unified as executions
left join scores.answers as scores
    on
        executions.execution_key = scores.execution_key
        and executions.job_day = scores.job_day
where executions.job_id = %(job_id)s
order by
    executions.question_id asc nulls last,
    executions.model_id asc nulls last,
    executions.region asc,
    executions.execution_key asc
limit %(most_answers)s
