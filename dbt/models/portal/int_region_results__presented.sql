{{ config(schema='intermediate') }}

-- What region_results would hold of a job's executions. Without CTEs, and what is aggregated in a
-- subquery per region, so that a lookup by job_id reaches the indexes of the tables below.
select
    regions.job_id,
    regions.region,

    counted.attempts,
    counted.answers,
    counted.started_at,
    counted.completed_at,

    first_answers.execution_key,
    first_answers.provider_id,
    first_answers.model_id,
    first_answers.answer_text,
    first_answers.output_data,

    scores.bias_score,
    scores.is_censorship_detected,
    scores.factual_accuracy,
    scores.political_sensitivity,
    scores.keywords_detected
from (
    select
        job_id,
        job_day,
        requested_region as region
    from {{ ref('job_progress') }}
    where requested_region <> 'UNKNOWN'
    union distinct
    select
        job_id,
        job_day,
        region
    from {{ ref('fct_job_region_scores') }}
) as regions
left join lateral (
    select
        count(*)::integer as attempts,
        count(*) filter (where has_answer and {{ usable_answer() }})::integer as answers,
        min(coalesce(started_at, created_at)) as started_at,
        max(coalesce(completed_at, created_at)) as completed_at,
        (
            array_agg(execution_key order by execution_id, response_index nulls first)
            filter (where has_answer and {{ usable_answer() }})
        )[1] as first_key
    from {{ ref('int_executions__resolved') }} as attempts
    where
        attempts.job_id = regions.job_id
        and attempts.job_day = regions.job_day
        and attempts.region = regions.region
        and attempts.is_current
) as counted on true
-- The limit makes Postgres look each answer up by its key, also for many jobs at once.
left join lateral (
    select
        unified.execution_key,
        unified.provider_id,
        unified.model_id,
        unified.answer_text,
        unified.output_data
    from {{ ref('executions_unified') }} as unified
    where
        unified.execution_key = counted.first_key
        and unified.job_day = regions.job_day
    order by unified.execution_key
    limit 1
) as first_answers on true
left join {{ ref('fct_job_region_scores') }} as scores
    on
        regions.job_id = scores.job_id
        and regions.region = scores.region
