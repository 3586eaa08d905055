{{ config(
    materialized='incremental',
    schema='intermediate',
    unique_key='distance_key',
    indexes=[
        {'columns': ['distance_key'], 'unique': true},
        {'columns': ['job_day']},
    ],
) }}

with

distances as (

    select * from {{ ref('answer_distances') }}
    where {{ window_predicate('job_day') }}

)

select
    concat_ws('/', job_day, model_id, region_a, region_b, question_id) as distance_key,
    job_day,
    model_id,
    region_a,
    region_b,
    question_id,
    count(*) as pairs,
    -- A sum of numerics does not depend on the order of the rows, nor on how days are added up.
    sum(round(word_distance::numeric, 12)) as distance_total
from distances
group by job_day, model_id, region_a, region_b, question_id
