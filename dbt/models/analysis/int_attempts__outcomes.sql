{{ config(schema='intermediate') }}

-- Without CTEs, so that Postgres merges the view into the query that reads it: a view with a WITH
-- clause is never joined by an index.
select
    attempts.execution_key,
    attempts.job_id,
    attempts.job_day,
    attempts.requested_region,
    attempts.region,
    attempts.model_id,
    attempts.question_id,
    attempts.question_category,
    attempts.prompt_variant,
    case
        when attempts.is_provider_block then 'provider_block'
        when attempts.has_answer then coalesce(scored_answers.answer_state, 'not_scored')
        else attempts.text_state
    end as outcome,
    case
        when attempts.is_provider_block then 'provider_block'
        when attempts.has_answer then coalesce(scored_answers.first_state, 'not_scored')
        else attempts.text_state
    end as first_state,
    coalesce(scored_answers.first_state_inferred, false) as first_state_inferred,
    case attempts.source when 'standard' then 'standard' else 'cross_region' end as workflow,
    'old_generation_parameters' = any(attempts.flags) as has_old_parameters,
    scored_answers.answer_state_reason,
    scored_answers.refusal_score,
    scored_answers.refusal_evidence,
    scored_answers.language,
    'regenerated' = any(attempts.flags) as is_regenerated,
    scored_answers.method_version,
    attempts.is_current,
    attempts.attempt_rank
from {{ ref('int_executions__resolved') }} as attempts
left join {{ source('scores', 'answers') }} as scored_answers
    on
        attempts.execution_key = scored_answers.execution_key
        and attempts.job_day = scored_answers.job_day
where
    (attempts.is_current or attempts.attempt_reason = 'extra_sample')
    and {{ counts_in_rates() }}
