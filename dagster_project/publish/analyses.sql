-- The analyses that the portal shows of some jobs.
select
    presented.job_id,
    metrics.method_version,
    presented.bias_variance,
    presented.censorship_rate,
    presented.factual_consistency,
    presented.narrative_divergence,
    presented.key_differences,
    presented.risk_assessment,
    presented.recommendation,
    presented.summary,
    presented.created_at as made_at,
    rules.number_at(jobs.jobspec_data, 'constraints', 'min_regions') as min_regions,
    rules.number_at(jobs.jobspec_data, 'constraints', 'min_success_rate') as min_success_rate,
    metrics.cross_region_execution_id as native_execution
from intermediate.int_analyses__presented as presented
inner join analytics.fct_job_bias_metrics as metrics on presented.job_id = metrics.job_id
left join raw.jobs as jobs on metrics.job_number = jobs.id
where presented.job_id = any(%(job_ids)s)
