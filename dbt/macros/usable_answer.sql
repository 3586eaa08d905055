{#- Whether an attempt with an answer counts in its job's metrics by the runner's method, which takes
    retried answers, lists of questions, test traffic and filtered answers too. -#}
{% macro usable_answer() -%}
    (
        is_current
        and region <> 'UNKNOWN'
        and coalesce(exclusion_reason, 'retried')
        in ('retried', 'multi_question', 'test_job', 'provider_block')
    )
{%- endmacro %}
