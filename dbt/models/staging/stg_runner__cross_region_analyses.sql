-- Without CTEs, so that Postgres merges the view into the query that reads it: a view with a WITH
-- clause is never joined by an index.
select
    id as analysis_id,
    cross_region_execution_id,
    job_day,
    bias_variance,
    censorship_rate,
    factual_consistency,
    narrative_divergence,
    key_differences,
    risk_assessment,
    summary,
    summary_source,
    recommendation,
    {{ sane_time('created_at') }} as created_at,
    {{ sane_time('updated_at') }} as updated_at,
    coalesce(summary = 'Unable to extract responses for analysis', false)
    and coalesce(bias_variance, 0) = 0
    and coalesce(censorship_rate, 0) = 0
    and coalesce(factual_consistency, 0) = 0
    and coalesce(narrative_divergence, 0) = 0 as is_placeholder
from {{ source('raw', 'cross_region_analyses') }}
