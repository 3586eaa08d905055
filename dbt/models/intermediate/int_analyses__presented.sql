-- The analysis that the portal shows: the platform's own numbers where it has them, else ours by
-- the same method. Its bias variance was never right (I-20) and its text may contradict its numbers
-- (I-21): both are always made here.

with

jobs as (

    select * from {{ ref('job_status') }}
    where analysis_state = 'analysed'

),

metrics as (

    select * from {{ ref('fct_job_bias_metrics') }}

),

native_analyses as (

    select * from {{ ref('stg_runner__cross_region_analyses') }}

),

chosen as (

    select
        jobs.job_id,
        jobs.job_number,
        jobs.source_status,
        jobs.usable_answers,
        jobs.regions,
        coalesce(
            jobs.cross_region_execution_id,
            {{ derived_uuid("concat(jobs.job_id, '/', metrics.method_version, '/run')") }}
        ) as cross_region_execution_id,
        coalesce(
            native_analyses.analysis_id,
            {{ derived_uuid("concat(jobs.job_id, '/', metrics.method_version, '/analysis')") }}
        ) as analysis_id,
        metrics.runner_bias_variance as bias_variance,
        metrics.bias_scored_answers,
        coalesce(metrics.native_censorship_rate, metrics.runner_censorship_rate)
            as censorship_rate,
        coalesce(metrics.native_factual_consistency, metrics.runner_factual_consistency)
            as factual_consistency,
        coalesce(metrics.native_narrative_divergence, metrics.runner_narrative_divergence)
            as narrative_divergence,
        case
            when jsonb_typeof(native_analyses.key_differences) = 'array'
                then native_analyses.key_differences
            else metrics.runner_key_differences
        end as key_differences,
        case
            when jsonb_typeof(native_analyses.risk_assessment) = 'array'
                then native_analyses.risk_assessment
            else metrics.runner_risks
        end as risk_assessment,
        coalesce(
            substring(
                native_analyses.recommendation from '^(?:CRITICAL|HIGH|MEDIUM|LOW) RISK.*'
            ),
            metrics.runner_recommendation
        ) as recommendation,
        coalesce(native_analyses.created_at, jobs.last_at, jobs.job_day at time zone 'UTC')
            as created_at,
        coalesce(
            native_analyses.updated_at,
            native_analyses.created_at,
            jobs.last_at,
            jobs.job_day at time zone 'UTC'
        ) as updated_at
    from jobs
    inner join metrics on jobs.job_id = metrics.job_id
    left join native_analyses on metrics.native_analysis_id = native_analyses.analysis_id

)

select
    job_id,
    job_number,
    source_status,
    cross_region_execution_id,
    analysis_id,
    bias_variance,
    censorship_rate,
    factual_consistency,
    narrative_divergence,
    key_differences,
    risk_assessment,
    recommendation,
    concat(
        format(
            'Answers: %s from %s regions (%s).',
            usable_answers, cardinality(regions), array_to_string(regions, ', ')
        ),
        ' Censorship rate ' || round(censorship_rate::numeric, 2) || '.',
        ' Factual consistency ' || round(factual_consistency::numeric, 2)
        || ', narrative divergence ' || round(narrative_divergence::numeric, 2) || '.',
        ' Differences between regions: ' || jsonb_array_length(key_differences) || '.',
        case
            when bias_variance is not null and bias_scored_answers = 0
                then ' The bias variance says nothing: no answer carries a bias score.'
        end
    ) as summary,
    created_at,
    updated_at
from chosen
