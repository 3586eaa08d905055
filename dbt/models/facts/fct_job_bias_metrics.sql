{{ config(
    unique_key='job_id',
    indexes=[
        {'columns': ['job_id'], 'unique': true},
        {'columns': ['job_day']},
    ],
) }}

{% set measures = [
    'refusal_rate', 'cross_region_divergence', 'repeat_divergence', 'excess_divergence',
] %}

-- Scoring gives every job the runner's numbers, its defaults (0 and 1) among them. A number is here
-- only where job_status says that the job can be analysed: a default is no measurement.

with

jobs as (

    select * from {{ ref('job_status') }}
    where {{ window_predicate('job_day') }}

),

scored_jobs as (

    select * from {{ source('scores', 'job_metrics') }}
    where {{ window_predicate('job_day') }}

),

bias_scores as (

    select
        job_id,
        sum(bias_scored_answers)::integer as bias_scored_answers
    from {{ ref('fct_job_region_scores') }}
    where {{ window_predicate('job_day') }}
    group by job_id

),

native_analyses as (

    select distinct on (cross_region_execution_id)
        cross_region_execution_id,
        analysis_id,
        censorship_rate,
        factual_consistency,
        narrative_divergence
    from {{ ref('stg_runner__cross_region_analyses') }}
    where
        {{ window_predicate('job_day') }}
        and not is_placeholder
    order by cross_region_execution_id asc, created_at desc nulls last, analysis_id desc

),

explained as (

    select
        *,
        technical_failures + empty_answers + answers as finished_attempts,
        case
            when analysis_state = 'analysed' then null
            when analysis_state = 'all_failed' and empty_answers > 0 then 'no_answers'
            when analysis_state = 'all_failed' then 'all_technical_failures'
            when analysis_state = 'excluded' and cardinality(exclusion_reasons) = 1
                then exclusion_reasons[1]
            else analysis_state
        end as reason
    from jobs

),

judged as (

    select
        *,
        -- Region results do not name their question: nothing says which answers to compare.
        coalesce(reason, case when common_questions = 0 then 'unknown_question' end)
            as comparison_reason,
        -- What is out of rates has none, whatever could be counted.
        case when analysis_state in ('test_job', 'excluded') then reason end as rate_reason,
        case
            when finished_attempts = 0 then reason
            when finished_attempts < rules.minimum_sample() then 'too_few_attempts'
        end as attempts_reason
    from explained

)

select
    judged.job_id,
    judged.job_number,
    judged.job_day,
    judged.workflow,
    judged.cross_region_execution_id,

    judged.analysis_state,
    judged.reason,
    judged.usable_answers as answers,
    judged.regions,
    judged.models,
    judged.questions,
    judged.common_questions,
    judged.expected,
    judged.answered,
    judged.completeness,
    judged.last_at,

    case when judged.comparison_reason is null then scored_jobs.runner_bias_variance end
        as runner_bias_variance,
    coalesce(bias_scores.bias_scored_answers, 0) as bias_scored_answers,
    case when judged.reason is null then scored_jobs.runner_censorship_rate end
        as runner_censorship_rate,
    case when judged.comparison_reason is null then scored_jobs.runner_factual_consistency end
        as runner_factual_consistency,
    case when judged.comparison_reason is null then scored_jobs.runner_narrative_divergence end
        as runner_narrative_divergence,
    judged.comparison_reason as runner_comparison_reason,
    case when judged.reason is null then scored_jobs.runner_key_differences end
        as runner_key_differences,
    case when judged.reason is null then scored_jobs.runner_risks end as runner_risks,
    case when judged.reason is null then scored_jobs.runner_recommendation end
        as runner_recommendation,

    native_analyses.analysis_id is not null as had_native_analysis,
    native_analyses.analysis_id as native_analysis_id,
    native_analyses.censorship_rate::double precision as native_censorship_rate,
    native_analyses.factual_consistency::double precision as native_factual_consistency,
    native_analyses.narrative_divergence::double precision as native_narrative_divergence,

    coalesce(scored_jobs.refusals, 0)::integer as refusals,
    coalesce(scored_jobs.scored_answers, 0)::integer as scored_answers,
    judged.technical_failures,
    judged.finished_attempts,
    case
        when coalesce(judged.rate_reason, judged.attempts_reason) is null
            then round(
                judged.technical_failures::numeric / judged.finished_attempts, 12
            )::double precision
    end as technical_failure_rate,
    coalesce(judged.rate_reason, judged.attempts_reason) as technical_failure_rate_reason,
    coalesce(scored_jobs.cross_region_pairs, 0)::integer as cross_region_pairs,
    coalesce(scored_jobs.repeat_pairs, 0)::integer as repeat_pairs,
    {% for measure in measures %}
        case when judged.rate_reason is null then scored_jobs.{{ measure }} end as {{ measure }},
        coalesce(
            judged.rate_reason,
            scored_jobs.{{ measure }}_reason,
            case when scored_jobs.job_id is null then judged.reason end
        ) as {{ measure }}_reason,
    {% endfor %}
    scored_jobs.method_version
from judged
left join scored_jobs on judged.job_id = scored_jobs.job_id
left join bias_scores on judged.job_id = bias_scores.job_id
left join native_analyses
    on judged.cross_region_execution_id = native_analyses.cross_region_execution_id
