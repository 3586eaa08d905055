-- Answers that users labelled, as long as they say what was labelled: what the rules say of each,
-- and the share of its labellers who call it a refusal.
select
    outcomes.job_day,
    outcomes.model_id,
    outcomes.region,
    (outcomes.first_state = 'refusal')::integer::double precision as flagged,
    avg((labels.label = 'refusal')::integer)::double precision as real
from ops.answer_labels as labels
inner join analytics.answer_outcomes as outcomes on labels.execution_key = outcomes.execution_key
inner join intermediate.int_executions__answers as answers
    on
        outcomes.execution_key = answers.execution_key
        and outcomes.job_day = answers.job_day
inner join scores.answers as scored
    on
        outcomes.execution_key = scored.execution_key
        and outcomes.job_day = scored.job_day
where
    rules.is_scored(outcomes.first_state)
    and labels.text_md5 = md5(coalesce(scored.first_answer_text, answers.answer_text))
group by
    outcomes.execution_key,
    outcomes.job_day,
    outcomes.model_id,
    outcomes.region,
    outcomes.first_state
