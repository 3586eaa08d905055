-- Answers of the days that are in no refusal rate, by why; with those in the rates they are all.
select
    reasons.reason,
    count(*) as answers
from (
    select
        case
            when unified.exclusion_reason is not null then unified.exclusion_reason
            when outcomes.execution_key is null then 'unknown_question_or_model'
            else 'not_scored'
        end as reason
    from analytics.executions_unified as unified
    left join analytics.answer_outcomes as outcomes
        on
            unified.execution_key = outcomes.execution_key
            and unified.job_day = outcomes.job_day
    where
        unified.job_day between %(first_day)s and %(last_day)s
        and unified.has_answer
        and not coalesce(rules.is_scored(outcomes.first_state), false)
) as reasons
group by reasons.reason
order by answers desc, reasons.reason asc
