{#- The order in which attempts of one slot are preferred (docs/source.md), total. -#}
{% macro best_attempt_first() -%}
    has_answer desc,
    retry_count = 0 desc,
    completed_at desc nulls last,
    execution_id desc nulls last,
    response_index asc nulls first,
    region_result_id asc nulls last
{%- endmacro %}
