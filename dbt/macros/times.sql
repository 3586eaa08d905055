{#- A stored time without zone as timestamptz; the year 1 and infinity mean "never": null. -#}
{% macro utc(column) -%}
    case
        when isfinite({{ column }}) and {{ column }} >= timestamp '0002-01-01'
            then {{ column }} at time zone 'UTC'
    end
{%- endmacro %}

{#- A stored time with zone; the year 1 and infinity mean "never": null. -#}
{% macro sane_time(column) -%}
    case
        when isfinite({{ column }}) and {{ column }} >= timestamptz '0002-01-01 00:00:00+00'
            then {{ column }}
    end
{%- endmacro %}

{#- Whether any of the columns holds the year 1 (incident I-18). -#}
{% macro is_zero_time(columns) -%}
    ({%- for column in columns %}
        coalesce({{ column }} < timestamp '0002-01-01', false)
        {%- if not loop.last %} or{% endif %}
    {%- endfor %}
    )
{%- endmacro %}
