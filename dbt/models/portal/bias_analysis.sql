-- Subqueries per job, so that a lookup by job_id reaches the indexes of the tables below, and a
-- count by http_status builds no payload.
select
    jobs.job_id,
    case when jobs.analysis_state = 'analysed' then 200 else 404 end as http_status,
    case
        when jobs.analysis_state <> 'analysed'
            then jsonb_build_object(
                'error', 'Bias analysis not available',
                'details', jobs.explanation,
                'analysis_state', jobs.analysis_state
            )
        else (
            select
                jsonb_build_object(
                    'job_id', analyses.job_id,
                    'cross_region_execution_id', analyses.cross_region_execution_id,
                    'created_at', {{ rfc3339('analyses.created_at') }},
                    'analysis',
                    jsonb_strip_nulls(
                        jsonb_build_object(
                            'id', analyses.analysis_id,
                            'cross_region_execution_id', analyses.cross_region_execution_id,
                            'bias_variance', analyses.bias_variance,
                            'censorship_rate', analyses.censorship_rate,
                            'factual_consistency', analyses.factual_consistency,
                            'narrative_divergence', analyses.narrative_divergence,
                            'summary', analyses.summary,
                            'summary_source', 'beacon-analytics',
                            'recommendation', analyses.recommendation,
                            'created_at', {{ rfc3339('analyses.created_at') }},
                            'updated_at', {{ rfc3339('analyses.updated_at') }}
                        )
                    )
                    || {{ typed_key('key_differences', 'analyses.key_differences', 'array') }}
                    || {{ typed_key('risk_assessment', 'analyses.risk_assessment', 'array') }},
                    'region_scores',
                    coalesce(
                        (
                            select
                                jsonb_object_agg(
                                    scores.region,
                                    jsonb_strip_nulls(
                                        jsonb_build_object(
                                            'bias_score', scores.bias_score,
                                            'censorship_detected', scores.is_censorship_detected,
                                            'political_sensitivity', scores.political_sensitivity,
                                            'factual_accuracy', scores.factual_accuracy,
                                            'keywords_detected', scores.keywords_detected
                                        )
                                    )
                                )
                            from {{ ref('fct_job_region_scores') }} as scores
                            where scores.job_id = jobs.job_id
                        ),
                        '{}'
                    )
                )
                || coalesce(
                    (
                        select jsonb_build_object('job_metadata', described.job_metadata)
                        from {{ ref('int_jobs__presented') }} as described
                        where described.job_number = jobs.job_number
                    ),
                    '{}'
                )
            from {{ ref('int_analyses__presented') }} as analyses
            where analyses.job_id = jobs.job_id
        )
    end as payload
from {{ ref('job_status') }} as jobs
