{#- Data tests of this project. What they look at is a default of the folder (dbt_project.yml). -#}

{#
    Example: two attempts of one slot are current. Reason: every rate would count the slot twice.
    Remedy: int_executions__ranked.
#}
{% test one_current_attempt_per_slot(model) %}
    select
        job_id,
        region,
        model_id,
        question_id
    from {{ model }}
    where
        is_current
        and job_id is not null
        and question_id is not null
    group by job_id, region, model_id, question_id
    having count(*) > 1
{% endtest %}

{#
    Example: a new region appears. Reason: it is shown as OTHER, or as it is, until an operator names
    it; nothing is wrong with the rows, so it only warns. Remedy: a line in the seed;
    analytics.unknown_values lists the values.
#}
{% test known_by_seed(model, flag, seed) %}
    {{ config(severity='warn') }}
    select
        execution_key,
        '{{ seed }}' as seed
    from {{ model }}
    where
        '{{ flag }}' = any(flags)
        {%- if flag == 'unknown_region' %}
        and 'OTHER' in (requested_region, region)
        {%- elif flag == 'unknown_model' %}
        and model_id is not null
        {%- elif flag == 'unknown_question' %}
        and question_id is not null
        {%- endif %}
{% endtest %}

{#
    Example: a job has two rows for one region and model. Reason: sums would count it twice.
    Remedy: the model's grouping.
#}
{% test unique_combination(model, columns) %}
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}

{#
    Example: an attempt names a job that int_jobs__requested does not hold. Reason: joins would lose
    it. Remedy: run the day again. In place of dbt's own test, which reads the whole other table: a
    row and what it belongs to lie in one job_day.
#}
{% test relationships(model, column_name, to, field) %}
    with children as (
        select {{ column_name }} as named from {{ model }}
    ),

    parents as (
        select {{ field }} as known from {{ to }}
        {%- if config.get('where') == 'in_window' and to.schema != 'seeds' %}
        where {{ window_predicate('job_day') }}
        {%- endif %}
    )

    select children.named
    from children
    left join parents on children.named = parents.known
    where
        children.named is not null
        and parents.known is null
{% endtest %}
