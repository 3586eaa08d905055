-- Without CTEs: one that several branches read is stored whole before any day is left out.
select
    job_day,
    kind,
    value,
    seed,
    format('%s "%s" is not known: add a line to dbt/seeds/%s.csv', kind, value, seed) as remedy
from (
    select
        job_day,
        'region' as kind,
        rules.region_key(stored_region) as value,
        'region_aliases' as seed
    from {{ ref('int_executions__resolved') }}
    where requested_region = 'OTHER'

    union all

    select
        job_day,
        'region' as kind,
        served_region_name as value,
        'region_aliases' as seed
    from {{ ref('int_executions__resolved') }}
    where
        region = 'OTHER'
        and served_region_name is distinct from rules.region_key(stored_region)

    union all

    select
        job_day,
        'model' as kind,
        model_id as value,
        'model_aliases' as seed
    from {{ ref('int_executions__resolved') }}
    where 'unknown_model' = any(flags)

    union all

    select
        job_day,
        'question' as kind,
        question_id as value,
        'questions' as seed
    from {{ ref('int_executions__resolved') }}
    where 'unknown_question' = any(flags)

    union all

    select
        job_day,
        'status' as kind,
        source_status as value,
        'status_aliases' as seed
    from {{ ref('int_executions__resolved') }}
    where status = 'unknown'
) as names
where value is not null
