with

attempts as (

    select * from {{ ref('int_executions__resolved') }}

),

named as (

    select
        job_day,
        'region' as kind,
        rules.region_key(stored_region) as value,
        'region_aliases' as seed
    from attempts
    where requested_region = 'OTHER'

    union all

    select
        job_day,
        'region' as kind,
        served_region_name as value,
        'region_aliases' as seed
    from attempts
    where
        region = 'OTHER'
        and served_region_name is distinct from rules.region_key(stored_region)

    union all

    select
        job_day,
        'model' as kind,
        model_id as value,
        'model_aliases' as seed
    from attempts
    where 'unknown_model' = any(flags)

    union all

    select
        job_day,
        'question' as kind,
        question_id as value,
        'questions' as seed
    from attempts
    where 'unknown_question' = any(flags)

    union all

    select
        job_day,
        'status' as kind,
        source_status as value,
        'status_aliases' as seed
    from attempts
    where status = 'unknown'

)

select
    kind,
    value,
    seed,
    format('%s "%s" is not known: add a line to dbt/seeds/%s.csv', kind, value, seed) as remedy,
    min(job_day) as first_job_day,
    max(job_day) as last_job_day,
    count(*)::integer as attempts
from named
where value is not null
group by kind, value, seed
