{{ config(
    materialized='incremental',
    schema='intermediate',
    unique_key='divergence_key',
    indexes=[
        {'columns': ['divergence_key'], 'unique': true},
        {'columns': ['job_day']},
    ],
) }}

with

divergences as (

    select * from {{ ref('answer_divergences') }}
    where {{ window_predicate('job_day') }}

)

select
    concat_ws('/', job_day, model_id, region_a, region_b, question_id) as divergence_key,
    job_day,
    model_id,
    region_a,
    region_b,
    question_id,
    count(*) as pairs,
    -- A sum of numerics does not depend on the order of the rows, nor on how days are added up.
    sum(round(word_divergence::numeric, 12)) as word_divergence_total,
    sum(round(tfidf_divergence::numeric, 12)) as tfidf_divergence_total,
    count(semantic_divergence) as semantic_pairs,
    sum(round(semantic_divergence::numeric, 12)) as semantic_divergence_total
from divergences
group by job_day, model_id, region_a, region_b, question_id
