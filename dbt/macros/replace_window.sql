{#-
    Incremental strategy: the window's rows become exactly what the model says, in one transaction.
    Rows of another day with a key that is written now go too: their job has moved to this window.
    Needs the config `unique_key`, the hook lock_target() (a default of the project), and job_day.
-#}
{% macro get_incremental_replace_window_sql(arg_dict) %}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set new_rows = arg_dict['temp_relation'] -%}
    {%- set key = arg_dict['unique_key'] -%}
    {%- set name = target.include(database=false) -%}
    {#- As a list: a join might read all of the table. #}
    delete from {{ target }}
    where
        {{ key }} = any(array(select {{ key }} from {{ new_rows }}))
        and not ({{ window_predicate('job_day') }});

    {#- The next model of the same run joins these rows: unknown ones would be joined row by row. #}
    select ops.analyze_window('{{ name }}', {{ window_days() }})
    from
        ops.replace_rows(
            '{{ name }}', '{{ new_rows }}', array['{{ key }}'], {{ window_days() }}
        ) as changed
    where changed > 0;
{% endmacro %}

{#-
    The first build of a table that is partitioned by month, which an enforced contract describes
    (config `partition_by_month`); tables without, and those that hold a window's new rows, are
    plain.
-#}
{% macro postgres__get_create_table_as_sql(temporary, relation, sql) %}
    {%- if temporary or not config.get('partition_by_month') -%}
        {{ return(create_table_as(temporary, relation, sql)) }}
    {%- endif -%}
    {%- set columns = adapter.dispatch('get_column_names', 'dbt')() -%}
    {%- set name = relation.include(database=false) -%}
    {{ get_assert_columns_equivalent(sql) }}
    create temporary table first_rows on commit drop as {{ get_select_subquery(sql) }};
    create table {{ relation }} {{ get_table_columns_and_constraints() }}
    partition by range (job_day);
    select ops.ensure_months('{{ name }}', array(select distinct job_day from first_rows));
    insert into {{ relation }} ({{ columns }}) select {{ columns }} from first_rows
{% endmacro %}

{#-
    First statement of a table's transaction, its lock held until the commit: two runs of one window
    follow each other, and the second reads what is stored then. Same key as postgres.lock_table.
    Compiling a query this wide takes longer than running it for a day; its sorts fit into memory.
    Tables of the same months are joined month by month: what one of them leaves out, all do.
    What the planner must know of a table, a fifth of the usual sample tells.
-#}
{% macro lock_target() -%}
    {%- if model.config.materialized == 'incremental' -%}
        select
            pg_advisory_xact_lock(hashtextextended('{{ this.schema }}.{{ this.identifier }}', 0)),
            set_config('jit', 'off', true),
            set_config('enable_partitionwise_join', 'on', true),
            set_config('work_mem', '256MB', true),
            set_config('default_statistics_target', '20', true)
    {%- endif -%}
{%- endmacro %}
