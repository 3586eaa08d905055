{#-
    A JSON object unpacked: each access to a stored one unpacks it again, a third of a day's run.
    Null for anything but an object. Goes into a materialized CTE, else it is computed per use.
-#}
{% macro unpacked_object(column) -%}
    case when jsonb_typeof({{ column }}) = 'object' then {{ column }} || '{}' end
{%- endmacro %}

{#- The same of what an attempt has of its table; once per row, as above. -#}
{% macro unpacked_documents() -%}
    coalesce(
        {{ unpacked_object('executions.output_data') }},
        {{ unpacked_object('region_results.execution_output') }}
    ) as output,
    {{ unpacked_object('executions.receipt_data') }} as receipt
{%- endmacro %}
