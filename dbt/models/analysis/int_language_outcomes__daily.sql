{{ config(
    materialized='incremental',
    schema='intermediate',
    unique_key='language_key',
    indexes=[
        {'columns': ['language_key'], 'unique': true},
        {'columns': ['job_day']},
    ],
) }}

with

attempts as (

    select * from {{ ref('int_attempts__outcomes') }}
    where {{ window_predicate('job_day') }} and is_current

),

named as (

    select
        job_day,
        workflow,
        model_id,
        region,
        first_state,
        coalesce(language, 'unknown') as language
    from attempts
    where rules.is_scored(first_state)

)

select
    concat_ws('/', job_day, workflow, model_id, region, language) as language_key,
    job_day,
    workflow,
    model_id,
    region,
    language,
    count(*) as scored,
    count(*) filter (where first_state = 'refusal') as refused
from named
group by job_day, workflow, model_id, region, language
