{#-
    The window of job_days that a run works on: vars `window_start` and `window_end`, ISO dates,
    half-open, UTC. An empty window (start = end) builds every relation without a row.
-#}
{% macro window_bounds() -%}
    {%- set start = var('window_start', none) | string -%}
    {%- set end = var('window_end', none) | string -%}
    {%- set pattern = '^\d{4}-\d{2}-\d{2}$' -%}
    {%- if execute -%}
        {%- if not (modules.re.match(pattern, start) and modules.re.match(pattern, end)) -%}
            {{ exceptions.raise_compiler_error(
                "set the vars window_start and window_end to ISO dates, got '"
                ~ start ~ "' and '" ~ end ~ "'"
            ) }}
        {%- endif -%}
        {%- if start > end -%}
            {{ exceptions.raise_compiler_error(
                'the window [' ~ start ~ ', ' ~ end ~ ') is reversed'
            ) }}
        {%- endif -%}
    {%- endif -%}
    {{ return((start, end)) }}
{%- endmacro %}

{#- Rows of the window. Goes first, on raw tables, and outside is_incremental(). -#}
{% macro window_predicate(column) -%}
    {%- set start, end = window_bounds() -%}
    {{ column }} >= date '{{ start }}' and {{ column }} < date '{{ end }}'
{%- endmacro %}

{#- The window as two arguments of a function: its first day and the day after its last. -#}
{% macro window_days() -%}
    {%- set start, end = window_bounds() -%}
    date '{{ start }}', date '{{ end }}'
{%- endmacro %}
