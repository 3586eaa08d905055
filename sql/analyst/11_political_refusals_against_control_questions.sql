-- Question: is a refusal about politics, or does the model refuse everything?
-- Grain:    one row per model, region and category of question.
select
    model_id,
    region,
    question_category,
    count(*) filter (where answer_state = 'refusal') as refusals,
    count(*) as scored_answers,
    case when count(*) >= 5 then round(avg((answer_state = 'refusal')::integer), 3) end
        as refusal_rate,
    count(*) filter (where 'regenerated' = any(flags)) as regenerated_answers
from analytics.executions_unified
where
    exclusion_reason is null
    and question_category is not null
    and answer_state in ('substantive', 'refusal', 'partial_refusal')
group by model_id, region, question_category
order by model_id, region, question_category
