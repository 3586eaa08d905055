-- Standard jobs: how many the runner had an analysis for, and how many have metrics now.
select
    count(*) as standard_jobs,
    count(*) filter (where not had_native_analysis) as without_analysis_before,
    count(*) filter (
        where not had_native_analysis and analysis_state = 'analysed'
    ) as with_metrics_now
from analytics.fct_job_bias_metrics
where workflow = 'standard'
