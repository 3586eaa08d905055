{#-
    Columns, comments and contracts are what `beacon setup` builds for the empty window, and a run over
    days refuses where these files have not been built: it looks at none of them.
-#}
{% macro builds_structure() -%}
    {%- set start, end = window_bounds() -%}
    {{ return(start == end) }}
{%- endmacro %}

{% macro postgres__process_schema_changes(on_schema_change, source, target) %}
    {%- if builds_structure() -%}
        {{ return(dbt.default__process_schema_changes(on_schema_change, source, target)) }}
    {%- endif -%}
    {#- Without any name dbt would ask for the columns. -#}
    {{ return(model.columns.keys() | list) }}
{% endmacro %}

{% macro postgres__get_assert_columns_equivalent(sql) %}
    {%- if builds_structure() -%}
        {{ return(dbt.default__get_assert_columns_equivalent(sql)) }}
    {%- endif -%}
{% endmacro %}

{#- In one statement: dbt's own way asks twice for the columns of each relation. -#}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) %}
    {%- if builds_structure() and config.persist_relation_docs() and config.persist_column_docs() -%}
        {%- call statement('docs') -%}
            {{ alter_relation_comment(relation, model.description) }}
            {%- for column in model.columns.values() %}
            comment on column {{ relation }}.{{ column.name }}
            is {{ postgres_escape_comment(column.description) }};
            {%- endfor %}
        {%- endcall -%}
    {%- endif -%}
{% endmacro %}
