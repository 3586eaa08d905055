{#
    Example: a job is analysed, but its rate is null. Reason: a reader takes a null without a reason
    for an error of his own. Remedy: the stage whose rows are missing; run the day again.
#}
{% test holds(model, condition) %}
    select * from {{ model }}
    where not coalesce({{ condition }}, false)
{% endtest %}

{#
    Example: a job is in raw.jobs, but not in job_status. Reason: the portal would answer with
    nothing at all. Remedy: run the day again; if it stays, the model drops rows.
#}
{% test holds_every_row_of(model, source_model, column_name) %}
    with model_rows as (
        select {{ column_name }} from {{ model }}
    )

    select source_rows.{{ column_name }}
    from {{ source_model }} as source_rows
    left join model_rows on source_rows.{{ column_name }} = model_rows.{{ column_name }}
    where
        {{ window_predicate('source_rows.job_day') }}
        and model_rows.{{ column_name }} is null
{% endtest %}
