-- Question: where two regions differ, which questions carry the difference?
-- Grain:    one row per workflow, model, two regions and question, over everything; pairs with a
--           detected difference first, in each the question with the largest part of it.
-- Change:   period_kind to 'month' with period_start for one month. No row says why it is so.
select
    effects.workflow,
    effects.model_id,
    effects.region_a,
    effects.region_b,
    effects.question_id,
    effects.question_category,
    questions.question_text,
    effects.rate_a,
    effects.rate_b,
    effects.risk_difference,
    effects.ci_low,
    effects.ci_high,
    effects.reason,
    effects.days,
    effects.contrasts,
    pairs.verdict as verdict_of_all,
    pairs.risk_difference as risk_difference_of_all,
    abs(effects.risk_difference)
    / nullif(
        sum(abs(effects.risk_difference)) over (
            partition by
                effects.workflow, effects.model_id, effects.region_a, effects.region_b
        ),
        0
    ) as part_of_all
from analytics.question_effects as effects
inner join analytics.region_pair_effects as pairs
    on
        effects.period_kind = pairs.period_kind
        and effects.period_start = pairs.period_start
        and effects.workflow = pairs.workflow
        and effects.model_id = pairs.model_id
        and effects.region_a = pairs.region_a
        and effects.region_b = pairs.region_b
        and pairs.scope = 'these_questions'
left join analytics.questions
    on effects.question_id = questions.question_id and questions.is_newest
where effects.period_kind = 'all'
order by
    pairs.verdict = 'difference_detected' desc,
    effects.workflow asc, effects.model_id asc, effects.region_a asc, effects.region_b asc,
    part_of_all desc nulls last, effects.question_id asc
