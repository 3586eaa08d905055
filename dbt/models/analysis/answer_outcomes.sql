-- Without CTEs, as in int_attempts__outcomes.
select
    execution_key,
    job_id,
    job_day,
    requested_region,
    region,
    model_id,
    question_id,
    question_category,
    prompt_variant,
    outcome,
    first_state,
    first_state_inferred,
    workflow,
    answer_state_reason,
    refusal_score,
    refusal_evidence,
    language,
    is_regenerated,
    method_version
from {{ ref('int_attempts__outcomes') }}
where is_current
