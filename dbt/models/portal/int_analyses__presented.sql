{{ config(schema='intermediate') }}

-- The analysis that the portal shows: the platform's own numbers where it has them, else ours by
-- the same method. Its bias variance was never right (I-20) and its text may contradict its numbers
-- (I-21): both are always made here.
select
    chosen.job_id,
    chosen.answers,
    chosen.regions,
    chosen.bias_scored_answers,
    chosen.cross_region_execution_id,
    chosen.analysis_id,
    chosen.bias_variance,
    chosen.censorship_rate,
    chosen.factual_consistency,
    chosen.narrative_divergence,
    chosen.key_differences,
    chosen.risk_assessment,
    chosen.recommendation,
    chosen.created_at,
    chosen.updated_at,
    concat(
        format(
            'Answers: %s from %s regions (%s).',
            chosen.answers, cardinality(chosen.regions), array_to_string(chosen.regions, ', ')
        ),
        ' Censorship rate ' || round(chosen.censorship_rate::numeric, 2) || '.',
        ' Factual consistency ' || round(chosen.factual_consistency::numeric, 2)
        || ', narrative divergence ' || round(chosen.narrative_divergence::numeric, 2) || '.',
        ' Differences between regions: ' || jsonb_array_length(chosen.key_differences) || '.',
        case
            when chosen.bias_variance is not null and chosen.bias_scored_answers = 0
                then ' The bias variance says nothing: no answer carries a bias score.'
        end
    ) as summary
from (
    select
        metrics.job_id,
        metrics.answers,
        metrics.regions,
        metrics.bias_scored_answers,
        coalesce(
            metrics.cross_region_execution_id,
            {{ derived_uuid("concat(metrics.job_id, '/', metrics.method_version, '/run')") }}
        ) as cross_region_execution_id,
        coalesce(
            native_analyses.id,
            {{ derived_uuid("concat(metrics.job_id, '/', metrics.method_version, '/analysis')") }}
        ) as analysis_id,
        metrics.runner_bias_variance as bias_variance,
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
        coalesce(
            {{ sane_time('native_analyses.created_at') }},
            metrics.last_at,
            metrics.job_day at time zone 'UTC'
        ) as created_at,
        coalesce(
            {{ sane_time('native_analyses.updated_at') }},
            {{ sane_time('native_analyses.created_at') }},
            metrics.last_at,
            metrics.job_day at time zone 'UTC'
        ) as updated_at
    from {{ ref('fct_job_bias_metrics') }} as metrics
    left join {{ source('raw', 'cross_region_analyses') }} as native_analyses
        on metrics.native_analysis_id = native_analyses.id
    where metrics.reason is null
) as chosen
