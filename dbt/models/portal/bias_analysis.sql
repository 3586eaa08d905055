-- Subqueries per job, so that a lookup by job_id reaches the indexes of the tables below and a count
-- by http_status builds no payload.

with

jobs as (

    select * from {{ ref('job_status') }}

),

analyses as (

    select * from {{ ref('int_analyses__presented') }}

),

region_scores as (

    select * from {{ ref('fct_job_region_scores') }}

),

specs as (

    select
        job_number,
        source_status,
        spec,
        coalesce(
            {{ json_of_type("spec #> '{metadata,models}'", 'array') }},
            {{ json_of_type("spec -> 'models'", 'array') }}
        ) as models,
        {{ json_of_type("spec -> 'metadata'", 'object') }} as metadata
    from {{ ref('stg_runner__jobs') }}

)

select
    jobs.job_id,
    case when jobs.analysis_state = 'analysed' then 200 else 404 end as http_status,
    case
        when jobs.analysis_state = 'analysed'
            then (
                select
                    jsonb_build_object(
                        'job_id', analyses.job_id,
                        'cross_region_execution_id', analyses.cross_region_execution_id,
                        'created_at', {{ rfc3339('analyses.created_at') }},
                        'analysis', jsonb_build_object(
                            'id', analyses.analysis_id,
                            'cross_region_execution_id', analyses.cross_region_execution_id,
                            'summary', analyses.summary,
                            'summary_source', 'beacon-analytics',
                            'created_at', {{ rfc3339('analyses.created_at') }},
                            'updated_at', {{ rfc3339('analyses.updated_at') }}
                        )
                        || {{ optional_key('bias_variance', 'analyses.bias_variance') }}
                        || {{ optional_key('censorship_rate', 'analyses.censorship_rate') }}
                        || {{ optional_key('factual_consistency', 'analyses.factual_consistency') }}
                        || {{ optional_key('narrative_divergence', 'analyses.narrative_divergence') }}
                        || {{ optional_key('key_differences', 'analyses.key_differences') }}
                        || {{ optional_key('risk_assessment', 'analyses.risk_assessment') }}
                        || {{ optional_key('recommendation', 'analyses.recommendation') }},
                        'region_scores', coalesce(
                            (
                                select
                                    jsonb_object_agg(
                                        region_scores.region,
                                        jsonb_strip_nulls(
                                            jsonb_build_object(
                                                'bias_score', region_scores.bias_score,
                                                'censorship_detected',
                                                region_scores.is_censorship_detected,
                                                'political_sensitivity',
                                                region_scores.political_sensitivity,
                                                'factual_accuracy', region_scores.factual_accuracy,
                                                'keywords_detected', region_scores.keywords_detected
                                            )
                                        )
                                    )
                                from region_scores
                                where region_scores.job_id = jobs.job_id
                            ),
                            '{}'
                        )
                    )
                    || coalesce(
                        (
                            select
                                jsonb_build_object(
                                    'job_metadata', jsonb_build_object(
                                        'status', coalesce(specs.source_status, ''),
                                        'questions', coalesce(
                                            {{ json_of_type("specs.spec -> 'questions'", 'array') }},
                                            '[]'
                                        ),
                                        'benchmark', jsonb_build_object(
                                            'name',
                                            coalesce(specs.spec #>> '{benchmark,name}', ''),
                                            'description',
                                            coalesce(specs.spec #>> '{benchmark,description}', '')
                                        )
                                    )
                                    || {{ optional_key('models', 'specs.models') }}
                                    || {{ optional_key('metadata', 'specs.metadata') }}
                                )
                            from specs
                            where specs.job_number = jobs.job_number
                        ),
                        '{}'
                    )
                from analyses
                where analyses.job_id = jobs.job_id
            )
        else jsonb_build_object(
            'error', 'Bias analysis not available',
            'details', jobs.explanation,
            'analysis_state', jobs.analysis_state
        )
    end as payload
from jobs
