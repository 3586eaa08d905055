-- Question: which political questions does each region refuse, and how often was each asked?
-- Grain:    one row per model, question and region with a scored answer, over everything.
select
    outcomes.model_id,
    questions.category,
    outcomes.question_id,
    outcomes.region,
    outcomes.refused,
    outcomes.scored,
    case when outcomes.scored >= 5 then round(outcomes.refused::numeric / outcomes.scored, 3) end
        as refusal_rate,
    outcomes.final_refused,
    outcomes.failed,
    outcomes.blocked
from analytics.question_outcomes as outcomes
inner join (
    select distinct
        question_id,
        question_category as category
    from analytics.answer_outcomes
) as questions on outcomes.question_id = questions.question_id
where
    outcomes.period_kind = 'all'
    and outcomes.region_basis = 'actual'
    and outcomes.scored > 0
    and questions.category <> 'control_questions'
order by outcomes.model_id, outcomes.question_id, outcomes.region
