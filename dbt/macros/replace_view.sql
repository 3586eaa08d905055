{#- Views and seeds change in place: see materializations/view.sql. -#}
{% macro postgres__create_view_as(relation, sql) -%}
    {%- if config.get('contract').enforced %}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif %}
    select ops.replace_view(
        '{{ relation.include(database=false) }}',
        {{ dollar_quoted(sql) }},
        {{ own_relations() }}
    )
{%- endmacro %}

{#- A seed's rows are replaced in place, too. -#}
{% macro postgres__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
    {%- set overridden = model['config'].get('column_types', {}) -%}
    {%- set types = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- do types.append(overridden.get(name, adapter.convert_type(agate_table, loop.index0))) -%}
    {%- endfor -%}
    {%- set reset -%}
        select ops.reset_seed(
            '{{ old_relation.include(database=false) }}',
            array['{{ agate_table.column_names | join("', '") }}'],
            array['{{ types | join("', '") }}'],
            {{ own_relations() }}
        )
    {%- endset -%}
    {%- do run_query(reset) -%}
    {{ return(reset) }}
{% endmacro %}

{#- Names of what this project makes, as Postgres writes them. -#}
{% macro own_relations() -%}
    array[
        {%- for node in graph.nodes.values() if node.resource_type in ('model', 'seed') %}
            '{{ node.schema }}.{{ node.alias }}'{% if not loop.last %}, {% endif %}
        {%- endfor %}
    ]
{%- endmacro %}

{% macro dollar_quoted(text) -%}
    $beacon_view${{ text }}$beacon_view$
{%- endmacro %}
