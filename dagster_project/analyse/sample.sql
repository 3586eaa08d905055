-- Answers to label: as many of every model in every region, drawn by the hash of their key, so that
-- a larger sample holds a smaller one; none that has a label, none whose first text is lost.
with drawn as (
    select
        outcomes.execution_key,
        outcomes.job_day,
        outcomes.model_id,
        outcomes.region,
        outcomes.question_id,
        outcomes.first_state,
        outcomes.refusal_evidence,
        md5(outcomes.execution_key) as place,
        row_number() over (
            partition by outcomes.model_id, outcomes.region
            order by md5(outcomes.execution_key)
        ) as round
    from analytics.answer_outcomes as outcomes
    left join ops.answer_labels as labels on outcomes.execution_key = labels.execution_key
    where
        rules.is_scored(outcomes.first_state)
        and not outcomes.first_state_inferred
        and labels.execution_key is null
),

chosen as (
    select * from drawn
    order by round asc, place asc
    limit %(size)s
)

select
    chosen.execution_key,
    chosen.model_id,
    chosen.region,
    chosen.question_id,
    chosen.first_state,
    chosen.refusal_evidence,
    coalesce(scored.first_answer_text, answers.answer_text) as text
from chosen
inner join intermediate.int_executions__answers as answers
    on
        chosen.execution_key = answers.execution_key
        and chosen.job_day = answers.job_day
inner join scores.answers as scored
    on
        chosen.execution_key = scored.execution_key
        and chosen.job_day = scored.job_day
order by chosen.place asc
