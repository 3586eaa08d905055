{#- Whether an attempt with an answer counts in its job's metrics by the runner's method, which takes
    retried answers and lists of questions too. Scoring uses the same rule. -#}
{% macro usable_answer() -%}
    (
        is_current
        and region <> 'UNKNOWN'
        and coalesce(exclusion_reason, 'retried') in ('retried', 'multi_question', 'test_job')
    )
{%- endmacro %}
