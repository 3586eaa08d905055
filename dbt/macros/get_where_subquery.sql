{#-
    What a data test looks at. YAML cannot call macros, so `where: in_window` stands for the run's
    window; any other text is taken as it is.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if where == 'in_window' -%}
        {%- set where = window_predicate('job_day') -%}
    {%- endif -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where }}) as dbt_subquery
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
