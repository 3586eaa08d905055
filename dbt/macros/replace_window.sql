{#-
    Incremental strategy: the window's rows become exactly what the model says, in one transaction.
    Rows of another day with a key that is written now go too: their job has moved to this window.
    Needs the config `unique_key`, the hook lock_target() (a default of the project), and job_day.
-#}
{% macro get_incremental_replace_window_sql(arg_dict) %}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set new_rows = arg_dict['temp_relation'] -%}
    {%- set key = arg_dict['unique_key'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ target }}
    where {{ window_predicate('job_day') }};

    {#- As a list: a join might read all of the table. #}
    delete from {{ target }}
    where {{ key }} = any(array(select {{ key }} from {{ new_rows }}));

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ new_rows }};

    {#- The next model of the same run joins these rows: unknown ones would be joined row by row. #}
    analyze {{ target }};
{% endmacro %}

{#-
    First statement of a table's transaction, its lock held until the commit: two runs of one window
    follow each other, and the second reads what is stored then. Same key as postgres.lock_table.
    Compiling a query this wide takes longer than running it for a day; its sorts fit into memory.
    What the planner must know of a table, a fifth of the usual sample tells.
-#}
{% macro lock_target() -%}
    {%- if model.config.materialized == 'incremental' -%}
        select
            pg_advisory_xact_lock(hashtextextended('{{ this.schema }}.{{ this.identifier }}', 0)),
            set_config('jit', 'off', true),
            set_config('work_mem', '64MB', true),
            set_config('default_statistics_target', '20', true)
    {%- endif -%}
{%- endmacro %}
