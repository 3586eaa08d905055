{#- Whether an attempt counts in rates: it is not excluded, or excluded only for having no answer,
    which is what failure rates are about. -#}
{% macro counts_in_rates() -%}
    (
        attempts.job_id is not null
        and attempts.model_id is not null
        and attempts.question_id is not null
        and attempts.region <> 'UNKNOWN'
        and (
            attempts.exclusion_reason is null
            or (
                attempts.exclusion_reason
                in ('provider_block', 'technical_failure', 'empty_answer')
                and not attempts.flags
                && array[
                    'identity_bug', 'multi_question', 'other_question_asked', 'retried', 'test_job'
                ]
            )
        )
    )
{%- endmacro %}

{#- Columns of counts by outcome, each a sum of one per slot, so that days can be added up. -#}
{% macro outcome_counts() -%}
    count(*) filter (where outcome not in ('provider_block', 'technical_failure', 'empty'))
        as answered,
    count(*) filter (where outcome in ('technical_failure', 'empty')) as failed,
    count(*) filter (where outcome = 'provider_block') as blocked,
    count(*) filter (where rules.is_scored(first_state)) as scored,
    count(*) filter (where first_state = 'refusal') as refused,
    count(*) filter (where first_state = 'partial_refusal') as partially_refused,
    count(*) filter (where first_state_inferred) as inferred,
    count(*) filter (where rules.is_scored(outcome)) as final_scored,
    count(*) filter (where outcome = 'refusal') as final_refused
{%- endmacro %}
