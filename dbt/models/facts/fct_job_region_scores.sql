{{ config(
    unique_key='job_region_key',
    indexes=[
        {'columns': ['job_region_key'], 'unique': true},
        {'columns': ['job_id']},
        {'columns': ['job_day']},
    ],
) }}

with

answers as (

    select * from {{ ref('int_executions__answers') }}
    where
        {{ window_predicate('job_day') }}
        and is_usable

),

scored_answers as (

    select * from {{ source('scores', 'answers') }}
    where {{ window_predicate('job_day') }}

),

keywords as (

    select
        answers.job_id,
        answers.region,
        array_agg(
            distinct flagged.keyword collate "C" order by flagged.keyword collate "C" -- noqa: RF02
        ) as keywords_detected
    from answers
    inner join scored_answers
        on
            answers.execution_key = scored_answers.execution_key
            and answers.job_day = scored_answers.job_day
    cross join lateral unnest(scored_answers.runner_keyword_flags) as flagged (keyword)
    group by answers.job_id, answers.region

),

-- Means of numeric, whose sums do not depend on the order of the rows.
regions as (

    select
        answers.job_id,
        answers.job_day,
        answers.region,
        count(*)::integer as answers,
        count(answers.bias_score)::integer as bias_scored_answers,
        avg(answers.bias_score::numeric) as bias_score,
        bool_or(scored_answers.runner_censorship_score > 0) as is_censorship_detected,
        avg(scored_answers.runner_political_sensitivity::numeric) as political_sensitivity,
        avg(scored_answers.runner_factual_accuracy::numeric) as factual_accuracy,
        max(scored_answers.method_version) as method_version
    from answers
    left join scored_answers
        on
            answers.execution_key = scored_answers.execution_key
            and answers.job_day = scored_answers.job_day
    group by answers.job_id, answers.job_day, answers.region

)

select
    concat(regions.job_id, '/', regions.region) as job_region_key,
    regions.job_id,
    regions.job_day,
    regions.region,
    regions.answers,
    regions.bias_scored_answers,
    round(regions.bias_score, 12)::double precision as bias_score,
    regions.is_censorship_detected,
    round(regions.political_sensitivity, 12)::double precision as political_sensitivity,
    round(regions.factual_accuracy, 12)::double precision as factual_accuracy,
    case
        when regions.is_censorship_detected is not null
            then coalesce(keywords.keywords_detected, '{}')
    end as keywords_detected,
    regions.method_version
from regions
left join keywords
    on
        regions.job_id = keywords.job_id
        and regions.region = keywords.region
